"""Conversions between digital and analog: what every machine pays that computes in analog, whatever it computes with.

Inputs are converted once for every fold of the columns, outputs once for every fold of the depth, in each pulse and
slice. So a multiply-accumulate costs less the larger the core, until the core is larger than the matrix; and at the
edge of every layer each value is converted out and in again.

Quantity                                       Symbol   Unit
rows, columns, depth of a product              m, n, k  -
folds of the columns, of the depth             F_n, F_k -
slices of a weight, pulses of an input         s, p     -
energy of an output's, an input's conversion   E_o, E_i J
"""

from __future__ import annotations

from archsim.jit import kernel


@kernel
def input_events(vectors: float, depth: float, folds: float, pulses: float) -> float:
    """Return the conversions of inputs: N = m k F_n p.

    Parameters
    ----------
    vectors, depth : float
        m and k, -.
    folds, pulses : float
        F_n and p, -.

    Returns
    -------
    float
        Conversions, -.

    References
    ----------
    Counted: every fold of the columns drives the whole vector again, in every pulse. Shafiee et al.: ISAAC, ISCA
    2016, section IV.
    """
    return vectors * depth * folds * pulses


@kernel
def output_events(vectors: float, columns: float, folds: float, pulses: float) -> float:
    """Return the conversions of outputs: N = m n_s F_k p.

    Parameters
    ----------
    vectors, columns : float
        m, and columns in use n_s = n s: slices of weights stand side by side, -.
    folds, pulses : float
        F_k and p, -.

    Returns
    -------
    float
        Conversions, -.

    References
    ----------
    Counted: every fold of the depth is converted before it is added up, in every pulse. Shafiee et al.: ISAAC, ISCA
    2016, section IV.
    """
    return vectors * columns * folds * pulses


@kernel
def mac_energy(
    cell: float, output: float, slices: float, depth: float, entry: float, pulses: float, columns: float
) -> float:
    """Return the energy of a multiply-accumulate: E = E_c + E_o s p / K + E_i p / N.

    Parameters
    ----------
    cell : float
        Of the multiplication itself, all slices and pulses, E_c, J.
    output, slices, depth : float
        E_o, J; s; and products summed in analog per conversion, K, -.
    entry, pulses, columns : float
        E_i, J; p; and outputs that one input reaches, N, -.

    Returns
    -------
    float
        Energy, J.

    References
    ----------
    Hamerly, Bernstein, Sludds, Soljacic, Englund: Large-scale optical neural networks based on photoelectric
    multiplication, PRX 9, 2019 (E_in / n + E_out / k); of crossbars, with slices and pulses, Shafiee et al. 2016.
    """
    return cell + output * slices * pulses / depth + entry * pulses / columns


@kernel
def boundary_energy(output: float, function: float, store: float, entry: float) -> float:
    """Return what a value costs from one analog layer to the next: E = E_o + E_f + 2 E_m + E_i.

    Parameters
    ----------
    output, entry : float
        Conversion out, amplifier and detector included, and in, driver included, E_o and E_i, J.
    function : float
        The function between the layers, E_f, J.
    store : float
        Writing or reading one value, E_m, J.

    Returns
    -------
    float
        Energy, J.

    References
    ----------
    Sum of the parts a value passes, Zhu et al.: Lightening-Transformer, HPCA 2024, arXiv:2305.19533.
    """
    return output + function + 2.0 * store + entry


@kernel
def converters_needed(width: float, symbols: float, samples: float) -> float:
    """Return the converters that keep up with a layer: N = d f / f_s.

    Parameters
    ----------
    width : float
        Values of every symbol, d, -.
    symbols, samples : float
        Symbols, f, and samples of one converter, f_s, per second, Hz.

    Returns
    -------
    float
        Converters, -.

    References
    ----------
    Definition; of 4096 values at 10 GHz, 4096 converters of 10 GS/s.
    """
    return width * symbols / samples
