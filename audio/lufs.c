/* libebur128, one measurement at a time. */
#include "audio/lufs.h"

#include <ebur128.h>

bool lufs_measure(const float *mono, size_t n, unsigned rate, double *lufs, double *peak)
{
    ebur128_state *e = ebur128_init(1, rate, EBUR128_MODE_I | EBUR128_MODE_TRUE_PEAK);
    if (!e)
        return false;
    bool ok = ebur128_add_frames_float(e, mono, n) == EBUR128_SUCCESS && ebur128_loudness_global(e, lufs) == EBUR128_SUCCESS &&
              ebur128_true_peak(e, 0, peak) == EBUR128_SUCCESS;
    ebur128_destroy(&e);
    return ok;
}
