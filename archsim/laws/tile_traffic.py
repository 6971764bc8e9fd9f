"""What a tiled product moves, by the operand that stays inside while the innermost of three loops runs.

C[m, n] += A[m, k] B[k, n] runs in f_m x f_n x f_k tiles. An operand comes again for every turn of a loop it does not
depend on, unless that loop is the innermost one. Any order of the three loops moves as much as one of the three cases
below; one of one turn counts for none.

Quantity                        Symbol          Unit   Source
operands and result, once       a, b, c         B
sums not yet complete           p               B
tiles along each axis           f_m, f_n, f_k   -
"""

from __future__ import annotations

from archsim.jit import kernel


@kernel
def outputs_stay(a: float, b: float, c: float, across: float, down: float) -> float:
    """Return the traffic with k innermost: B = a f_n + b f_m + c.

    Parameters
    ----------
    a, b, c : float
        Operands and result, B.
    across, down : float
        Tiles along n and along m, f_n and f_m, -.

    Returns
    -------
    float
        Traffic, B.

    References
    ----------
    Chen, Emer, Sze: Eyeriss, ISCA 2016, doi:10.1109/ISCA.2016.40, section IV (what each dataflow keeps).
    """
    return a * across + b * down + c


@kernel
def weights_stay(a: float, b: float, c: float, partial: float, across: float, deep: float) -> float:
    """Return the traffic with m innermost: B = a f_n + b + c + 2 (f_k - 1) p.

    Sums are written and read again for every further turn of k.

    Parameters
    ----------
    a, b, c : float
        Operands and result, B.
    partial : float
        Sums not yet complete, p, B.
    across, deep : float
        Tiles along n and along k, f_n and f_k, -.

    Returns
    -------
    float
        Traffic, B.

    References
    ----------
    Chen, Emer, Sze: Eyeriss, ISCA 2016, doi:10.1109/ISCA.2016.40, section IV (what each dataflow keeps).
    """
    return a * across + b + c + 2.0 * (deep - 1.0) * partial


@kernel
def inputs_stay(a: float, b: float, c: float, partial: float, down: float, deep: float) -> float:
    """Return the traffic with n innermost: B = a + b f_m + c + 2 (f_k - 1) p.

    Sums are written and read again for every further turn of k.

    Parameters
    ----------
    a, b, c : float
        Operands and result, B.
    partial : float
        Sums not yet complete, p, B.
    down, deep : float
        Tiles along m and along k, f_m and f_k, -.

    Returns
    -------
    float
        Traffic, B.

    References
    ----------
    Chen, Emer, Sze: Eyeriss, ISCA 2016, doi:10.1109/ISCA.2016.40, section IV (what each dataflow keeps).
    """
    return a + b * down + c + 2.0 * (deep - 1.0) * partial


@kernel
def halo_bytes(tiles: float, images: float, overlap: float, row: float) -> float:
    """Return what neighbouring tiles of a convolution's maps both fetch: B = max(0, f_m - N) max(0, h) w.

    Maps are cut across, so that two tiles of one image share the rows a kernel reaches over.

    Parameters
    ----------
    tiles, images : float
        Tiles along the pixels, f_m, and images, N, -.
    overlap : float
        Kernel height less stride, h, rows.
    row : float
        One row of all channels, w, B.

    Returns
    -------
    float
        Traffic, B.

    References
    ----------
    Parashar et al.: Timeloop, ISPASS 2019, doi:10.1109/ISPASS.2019.00042 (sliding windows between tiles).
    """
    return max(0.0, tiles - images) * max(0.0, overlap) * row
