"""One source, three readings: a kernel is plain Python, a compiled batch, or an explained run.

A kernel is a small function of scalars, records and other kernels, marked with `kernel` and otherwise untouched.
Nothing is compiled on import; importing this package loads neither numba nor numpy.

=============  ====================================================================================================
`bound`        plain Python, with the generic names (`derive`, `plan`, `cost` ...) filled in for one family
`compiled`     the numba twin, kept on disk in a folder named by the content of everything it was made from
`traced`       plain Python again, recording every call with its arguments and result: what `explain` prints
=============  ====================================================================================================

Numba's own disk cache returns stale numbers after an edit in another file, and confuses one driver rebound for two
families. Both are impossible here: the folder's name is a digest of all kernels and constants reached, and a twin sees
copies of exactly the values that were digested.
"""

from archsim.jit.fingerprint import digest
from archsim.jit.lint import violations
from archsim.jit.mark import Record, is_kernel, is_search, is_slot, kernel, prange, search, slot
from archsim.jit.rebind import bound
from archsim.jit.settings import enabled, threads
from archsim.jit.trace import Call, Leaf, Recorder, traced
from archsim.jit.twins import compiled
from archsim.jit.walk import reachable

__all__ = [
    "Call",
    "Leaf",
    "Record",
    "Recorder",
    "bound",
    "compiled",
    "digest",
    "enabled",
    "is_kernel",
    "is_search",
    "is_slot",
    "kernel",
    "prange",
    "reachable",
    "search",
    "slot",
    "threads",
    "traced",
    "violations",
]
