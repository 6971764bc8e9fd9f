"""A map of windows cut into strips of pixels, row by row: what a strip reads, and how many strips read a pixel.

Quantity                                    Symbol   Unit
pixels of a strip                           P        -
width of the map                            w        -
width of the input, its channels            W, C     -
side and stride of a window                 k, s     -
"""

from __future__ import annotations

from archsim.jit import kernel


@kernel
def inputs_read(
    pixels: float, width: float, in_width: float, channels: float, kernel_side: float, stride: float
) -> float:
    """Return the inputs that the windows of a strip read: n = C (h s + k - s) v, h rows of it, v wide.

    A strip shorter than a row reads k rows, v = P s + k - s wide; a longer one h = P / w rows over the whole width.

    Parameters
    ----------
    pixels : float
        Of the strip, P, -.
    width, in_width, channels : float
        w, W and C, -.
    kernel_side, stride : float
        k and s, -.

    Returns
    -------
    float
        Inputs, -.

    References
    ----------
    Definition.
    """
    if pixels < width:
        return channels * kernel_side * min(in_width, pixels * stride + kernel_side - stride)
    return channels * (pixels / width * stride + kernel_side - stride) * in_width


@kernel
def strips_reached(pixels: float, width: float, kernel_side: float, stride: float) -> float:
    """Return the strips whose windows read one input, on the mean: D = (1 + (r - 1) w / P), r = max(1, k / s).

    The r x r windows that an input lies in stand in r rows, each w pixels behind the one before; a strip shorter than a
    row holds them in r places, and cuts each of them with chance (r - 1) / P.

    Parameters
    ----------
    pixels, width : float
        P and w, -.
    kernel_side, stride : float
        k and s, -.

    Returns
    -------
    float
        Strips, -.

    References
    ----------
    Definition.
    """
    windows = max(1.0, kernel_side / stride)
    if pixels < width:
        return windows * (1.0 + (windows - 1.0) / pixels)
    return 1.0 + (windows - 1.0) * width / pixels
