/* The ALSA side of playout: opening, the truth about what was played, underruns and loss. */
#include "audio/card.h"
#include "codecs/monotonic.h"

#include <alsa/asoundlib.h>

void card_init(struct card *card, const struct playout_settings *settings)
{
    *card = (struct card){.settings = settings};
}

/* The card's own buffer holds more than is ever queued: what is queued is limited by card_room alone. */
static int set_parameters(const struct card *card, snd_pcm_t *pcm)
{
    snd_pcm_hw_params_t *hw;
    snd_pcm_sw_params_t *sw;
    snd_pcm_hw_params_alloca(&hw);
    snd_pcm_sw_params_alloca(&sw);
    unsigned period_us = card->settings->period_ms * 1000;
    unsigned buffer_us = (card->settings->queue_ms + 2 * card->settings->period_ms) * 1000;
    int err = snd_pcm_hw_params_any(pcm, hw);
    if (err >= 0)
        err = snd_pcm_hw_params_set_access(pcm, hw, SND_PCM_ACCESS_RW_INTERLEAVED);
    if (err >= 0)
        err = snd_pcm_hw_params_set_format(pcm, hw, SND_PCM_FORMAT_S16);
    if (err >= 0)
        err = snd_pcm_hw_params_set_channels(pcm, hw, 1);
    if (err >= 0)
        err = snd_pcm_hw_params_set_rate(pcm, hw, card->settings->rate, 0);
    if (err >= 0)
        err = snd_pcm_hw_params_set_period_time_near(pcm, hw, &period_us, NULL);
    if (err >= 0)
        err = snd_pcm_hw_params_set_buffer_time_near(pcm, hw, &buffer_us, NULL);
    if (err >= 0)
        err = snd_pcm_hw_params(pcm, hw);
    if (err >= 0)
        err = snd_pcm_sw_params_current(pcm, sw);
    if (err >= 0)
        err = snd_pcm_sw_params_set_start_threshold(pcm, sw, 1);
    return err < 0 ? err : snd_pcm_sw_params(pcm, sw);
}

bool card_open(struct card *card, struct error *error)
{
    const char *device = card->settings->device;
    snd_pcm_t *pcm = NULL;
    int err = snd_pcm_open(&pcm, device, SND_PCM_STREAM_PLAYBACK, SND_PCM_NONBLOCK);
    if (err < 0)
        return error_set(error, ERROR_DISCONNECTED, "sound card %s cannot be opened: %s", device, snd_strerror(err));
    err = set_parameters(card, pcm);
    if (err < 0) {
        snd_pcm_close(pcm);
        return error_set(error, ERROR_DISCONNECTED, "sound card %s does not take %u Hz, mono, 16 bit: %s (try plughw:)", device,
                         card->settings->rate, snd_strerror(err));
    }
    card->pcm = pcm;
    card->avail = 0;
    card->played = card->written; /* what time alone still held has had its turn */
    card->running = false;
    return true;
}

void card_close(struct card *card)
{
    if (!card->pcm)
        return;
    snd_pcm_drop(card->pcm);
    snd_pcm_close(card->pcm);
    card->pcm = NULL;
}

struct mono card_time_of(const struct card *card, uint64_t frame)
{
    int64_t frames = (int64_t)(frame - card->anchor);
    return mono_plus_us(card->anchored, frames * 1000000 / (int64_t)card->settings->rate);
}

static void anchor(struct card *card, uint64_t frame, struct mono at)
{
    card->anchor = frame;
    card->anchored = at;
}

/* Without a card the count follows the clock, but not past what was written: there time waits for the writer. */
static void go_by_time(struct card *card)
{
    struct mono now = mono_now();
    card->avail = SIZE_MAX;
    card->played = card->anchor + (uint64_t)(mono_since(now, card->anchored) * (int64_t)card->settings->rate / 1000000);
    if (card->played > card->written) {
        card->played = card->written;
        anchor(card, card->written, now);
    }
}

/* Whatever ALSA complains of is an underrun if the card can be prepared again, else the card is lost. Times of what was played
 * before stay by the last measurement. */
static enum card_state mend(struct card *card, int err, struct error *error)
{
    int again = err == -ENODEV ? err : snd_pcm_prepare(card->pcm);
    if (again < 0) {
        card_close(card);
        error_set(error, ERROR_DISCONNECTED, "sound card %s is gone: %s", card->settings->device, snd_strerror(again));
        return CARD_LOST;
    }
    card->played = card->written;
    card->running = false;
    return CARD_UNDERRUN;
}

enum card_state card_update(struct card *card, struct error *error)
{
    if (!card->running)
        anchor(card, card->written, mono_now());
    if (!card->pcm) {
        go_by_time(card);
        return CARD_WELL;
    }
    snd_pcm_sframes_t delay = 0;
    snd_pcm_sframes_t avail = snd_pcm_avail(card->pcm); /* tells an underrun, which delay does not */
    int err = avail < 0 ? (int)avail : snd_pcm_delay(card->pcm, &delay);
    if (snd_pcm_state(card->pcm) == SND_PCM_STATE_DISCONNECTED)
        err = -ENODEV; /* which neither tells while the card rests */
    if (err < 0)
        return mend(card, err, error);
    card->avail = (size_t)avail;
    if (!card->running)
        return CARD_WELL;
    struct mono now = mono_now();
    uint64_t queued = delay < 0 ? 0 : (uint64_t)delay;
    uint64_t played = queued > card->written ? 0 : card->written - queued;
    if (played > card->played) {
        card->played = played;
        anchor(card, played, now);
    }
    return CARD_WELL;
}

size_t card_room(const struct card *card)
{
    size_t most = (size_t)card->settings->rate * card->settings->queue_ms / 1000;
    size_t queued = (size_t)(card->written - card->played);
    size_t room = queued < most ? most - queued : 0;
    return room < card->avail ? room : card->avail;
}

enum card_state card_write(struct card *card, const int16_t *frames, size_t n, struct error *error)
{
    if (card->pcm) {
        snd_pcm_sframes_t done = snd_pcm_writei(card->pcm, frames, n);
        if (done < 0)
            return mend(card, (int)done, error);
    }
    if (!card->running) {
        card->running = true;
        card->played = card->written;
        anchor(card, card->written, mono_now());
    }
    card->written += n;
    card->avail -= n < card->avail ? n : card->avail;
    return CARD_WELL;
}

enum card_state card_rest(struct card *card, struct error *error)
{
    card->running = false;
    card->played = card->written;
    if (!card->pcm)
        return CARD_WELL;
    snd_pcm_drop(card->pcm);
    int err = snd_pcm_prepare(card->pcm);
    return err < 0 ? mend(card, err, error) : CARD_WELL;
}
