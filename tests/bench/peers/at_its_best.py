"""PyTorch at its best: what it needs from the environment, so that a comparison does not flatter temper."""
import os
import sys


def restart(blas_threads):
    """Starts the program again, where need be, with a malloc that does not unmap what the next step needs, and so many threads for OpenBLAS."""
    best = {
        "OPENBLAS_NUM_THREADS": str(blas_threads),
        "MALLOC_MMAP_THRESHOLD_": "1073741824",
        "MALLOC_TRIM_THRESHOLD_": "4294967296",
        "MALLOC_TOP_PAD_": "268435456",
    }
    if any(os.environ.get(key) != value for key, value in best.items()):
        os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, **best})
