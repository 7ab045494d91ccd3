/* tocsin-voice: words to sound in a process of its own, because engines overflow, hang and crash on some texts.
 *
 *   tocsin-voice [--cpu S] [--memory MIB] [--english kal16|slt]
 *       reads "LANGUAGE BYTES\n" and so many bytes of text, a sentence at a time, and answers "ok RATE FRAMES\n" and the
 *       frames (mono, 16 bits, this machine's byte order), or "no CODE WHY\n"; ends with its input.
 *   tocsin-voice [--cpu S] [--memory MIB] --decode SECONDS
 *       reads a recording, of which nothing is believed, from the file that its input is, and answers in the same way; "cut"
 *       follows FRAMES where there was more than SECONDS of it.
 *   tocsin-voice --say LANGUAGE TEXT --out FILE.wav
 *       speaks a text, as the daemon would, into a recording. */
#include "audio/clip.h"
#include "audio/voice.h"
#include "audio/voice_text.h"

#include <espeak-ng/speak_lib.h>
#include <flite/flite.h>
#include <getopt.h>
#include <sndfile.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
    SENTENCE_MAX_S = 60,
    AUDIBLE = 500,  /* of 32767: below it is no speech */
    MARGIN_MS = 30, /* left around the speech when silence is cut off */
    WORDS_A_MINUTE = 170,
    OUT_RATE = 48000, /* of --out */
};

cst_voice *register_cmu_us_kal16(const char *voxdir);
cst_voice *register_cmu_us_slt(const char *voxdir);

struct options {
    unsigned long cpu_s, memory_mib, decode_s; /* decode_s: 0 for a text */
    const char *english, *language, *out;
};

/* Frames of one sentence as an engine made them. */
struct sound {
    unsigned rate;
    size_t n, room;
    int16_t *frames;
    bool too_long;
};

struct engines {
    cst_voice *english;
    unsigned chinese_rate;
};

/* ---- engines ---- */

static bool sound_add(struct sound *sound, const short *frames, size_t n)
{
    if (sound->n + n > (size_t)SENTENCE_MAX_S * sound->rate) {
        sound->too_long = true;
        return false;
    }
    if (sound->n + n > sound->room) {
        size_t room = 2 * (sound->n + n);
        int16_t *bigger = realloc(sound->frames, room * sizeof *bigger);
        if (!bigger)
            return false;
        sound->frames = bigger;
        sound->room = room;
    }
    memcpy(sound->frames + sound->n, frames, n * sizeof *frames);
    sound->n += n;
    return true;
}

/* espeak's callback: 0 goes on, 1 stops. */
static int on_espeak(short *frames, int n, espeak_EVENT *events)
{
    struct sound *sound = events->user_data;
    return frames && n > 0 && sound && !sound_add(sound, frames, (size_t)n);
}

static bool speak_chinese(struct engines *engines, const char *text, struct sound *sound, struct error *error)
{
    if (!engines->chinese_rate) {
        int rate = espeak_Initialize(AUDIO_OUTPUT_SYNCHRONOUS, 0, NULL, espeakINITIALIZE_DONT_EXIT);
        /* "zh" would fail and leave English; "cmn" reads pinyin as English */
        if (rate <= 0 || espeak_SetVoiceByName("cmn-latn-pinyin") != EE_OK)
            return error_set(error, ERROR_UNSUPPORTED, "espeak-ng has no voice cmn-latn-pinyin: install espeak-ng-data");
        espeak_SetSynthCallback(on_espeak);
        espeak_SetParameter(espeakRATE, WORDS_A_MINUTE, 0);
        engines->chinese_rate = (unsigned)rate;
    }
    sound->rate = engines->chinese_rate;
    if (espeak_Synth(text, strlen(text) + 1, 0, POS_CHARACTER, 0, espeakCHARS_UTF8, NULL, sound) != EE_OK)
        return error_set(error, ERROR_INTERNAL, "espeak-ng cannot speak it");
    return true;
}

static bool speak_english(struct engines *engines, const char *text, struct sound *sound, struct error *error)
{
    cst_wave *wave = flite_text_to_wave(text, engines->english);
    if (!wave)
        return error_set(error, ERROR_INTERNAL, "flite cannot speak it");
    sound->rate = (unsigned)wave->sample_rate;
    if (wave->num_samples > 0)
        sound_add(sound, wave->samples, (size_t)wave->num_samples);
    delete_wave(wave);
    return true;
}

/* ---- one sentence ---- */

/* Cuts the silence off both ends. False if there is nothing but silence. */
static bool trim(struct sound *sound)
{
    size_t first = 0, end = sound->n, margin = (size_t)sound->rate * MARGIN_MS / 1000;
    while (first < end && abs(sound->frames[first]) < AUDIBLE)
        first++;
    while (end > first && abs(sound->frames[end - 1]) < AUDIBLE)
        end--;
    if (end - first < margin)
        return false;
    first -= first < margin ? first : margin;
    end += sound->n - end < margin ? sound->n - end : margin;
    memmove(sound->frames, sound->frames + first, (end - first) * sizeof *sound->frames);
    sound->n = end - first;
    return true;
}

static bool speak(struct engines *engines, const char *tag, struct slice text, struct sound *sound, struct error *error)
{
    enum voice_language language;
    char clean[VOICE_CLEAN_MAX];
    if (!voice_language_of(tag, &language))
        return error_set(error, ERROR_UNSUPPORTED, "no voice speaks %s", tag);
    if (!voice_clean(text, language, clean, error))
        return false;
    if (!(language == VOICE_CHINESE ? speak_chinese : speak_english)(engines, clean, sound, error))
        return false;
    if (sound->too_long)
        return error_set(error, ERROR_TOO_LARGE, "it lasts longer than %d s", SENTENCE_MAX_S);
    return (sound->n > 0 && trim(sound)) || error_set(error, ERROR_INVALID, "the voice makes no sound of it");
}

static void answer(const struct sound *sound, const struct error *error)
{
    if (error->code) {
        printf("no %d %s\n", (int)error->code, error->message);
    } else {
        printf("ok %u %zu\n", sound->rate, sound->n);
        fwrite(sound->frames, sizeof *sound->frames, sound->n, stdout);
    }
    fflush(stdout);
}

/* Answers requests until the input ends. Returns the exit status. */
static int serve(struct engines *engines)
{
    char tag[64], text[VOICE_SENTENCE_MAX];
    while (fgets(tag, sizeof tag, stdin)) {
        char *space = strchr(tag, ' ');
        size_t n = space ? strtoul(space, NULL, 10) : 0;
        if (!space || n > sizeof text || fread(text, 1, n, stdin) != n)
            return 2;
        *space = '\0';
        struct sound sound = {0};
        struct error error = {0};
        speak(engines, tag, (struct slice){text, n}, &sound, &error);
        answer(&sound, &error);
        free(sound.frames);
    }
    return 0;
}

/* ---- a recording ---- */

static int decode(unsigned long max_s)
{
    struct clip clip;
    struct error error = {0};
    if (clip_decode(STDIN_FILENO, (uint32_t)max_s, &clip, &error)) {
        printf("ok %u %zu%s\n", clip.rate, clip.n, clip.cut ? " cut" : "");
        fwrite(clip.frames, sizeof *clip.frames, clip.n, stdout);
        free(clip.frames);
    } else {
        printf("no %d %s\n", (int)error.code, error.message);
    }
    return fflush(stdout) == 0 ? 0 : 1;
}

/* ---- the process ---- */

static bool limit(int resource, unsigned long value)
{
    struct rlimit r = {value, value};
    return setrlimit((__rlimit_resource_t)resource, &r) == 0;
}

/* The sanitizers need more address space than any limit allows. */
static bool limit_memory(unsigned long mib)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    return mib > 0;
#else
    return limit(RLIMIT_AS, mib << 20);
#endif
}

static bool confine(const struct options *o)
{
    return close_range(3, ~0U, 0) == 0 && limit(RLIMIT_CORE, 0) && (!o->cpu_s || limit(RLIMIT_CPU, o->cpu_s)) &&
           (!o->memory_mib || limit_memory(o->memory_mib));
}

static int say(const struct options *o, const char *text)
{
    struct voice_settings settings = {.deadline_ms = 60000, .cpu_s = 60, .memory_mib = 512};
    struct speech speech = {0};
    struct error error = {0};
    ssize_t n = readlink("/proc/self/exe", settings.program, sizeof settings.program - 1);
    text_copy(settings.english, sizeof settings.english, o->english);
    bool spoken = n >= 0 && voice_speak(&settings, NULL, o->language, text, OUT_RATE, &speech, &error);
    if (!spoken || speech.skipped[0]) { /* a recording is whole or it is none */
        fprintf(stderr, "tocsin-voice: %s\n", spoken ? speech.skipped : error.message);
        speech_free(&speech);
        return 1;
    }
    SF_INFO info = {.samplerate = OUT_RATE, .channels = 1, .format = SF_FORMAT_WAV | SF_FORMAT_PCM_16};
    SNDFILE *file = sf_open(o->out, SFM_WRITE, &info);
    bool ok = file && sf_writef_short(file, speech.frames, (sf_count_t)speech.n_frames) == (sf_count_t)speech.n_frames;
    if (!ok)
        fprintf(stderr, "tocsin-voice: %s cannot be written: %s\n", o->out, sf_strerror(file));
    if (file && sf_close(file) != 0)
        ok = false;
    speech_free(&speech);
    return ok ? 0 : 1;
}

static int usage(FILE *to, int status)
{
    fputs("usage: tocsin-voice [--cpu S] [--memory MIB] [--english kal16|slt]\n"
          "       tocsin-voice [--cpu S] [--memory MIB] --decode SECONDS\n"
          "       tocsin-voice --say LANGUAGE TEXT --out FILE.wav\n",
          to);
    return status;
}

static bool misused(const char *why, const char *word)
{
    fprintf(stderr, "tocsin-voice: %s%s\n", why, word);
    return false;
}

static bool parse(int argc, char **argv, struct options *o)
{
    static const struct option known[] = {{"cpu", required_argument, NULL, 'c'},
                                          {"memory", required_argument, NULL, 'm'},
                                          {"english", required_argument, NULL, 'e'},
                                          {"decode", required_argument, NULL, 'd'},
                                          {"say", required_argument, NULL, 's'},
                                          {"out", required_argument, NULL, 'o'},
                                          {NULL, 0, NULL, 0}};
    *o = (struct options){.english = "kal16"};
    for (int c; (c = getopt_long(argc, argv, "", known, NULL)) != -1;) {
        switch (c) {
        case 'c': o->cpu_s = strtoul(optarg, NULL, 10); break;
        case 'm': o->memory_mib = strtoul(optarg, NULL, 10); break;
        case 'e': o->english = optarg[0] ? optarg : "kal16"; break;
        case 'd': o->decode_s = strtoul(optarg, NULL, 10); break;
        case 's': o->language = optarg; break;
        case 'o': o->out = optarg; break;
        default: return false;
        }
    }
    if (strcmp(o->english, "kal16") != 0 && strcmp(o->english, "slt") != 0)
        return misused("--english: kal16 or slt, not ", o->english);
    if (!o->language)
        return !o->out && optind == argc ? true : misused("without --say there is no TEXT and no --out", "");
    return o->out && optind == argc - 1 ? true : misused("--say LANGUAGE needs one TEXT (in quotes) and --out FILE.wav", "");
}

int main(int argc, char **argv)
{
    struct options o;
    struct engines engines = {0};
    if (argc == 2 && strcmp(argv[1], "--help") == 0)
        return usage(stdout, 0);
    if (!parse(argc, argv, &o))
        return usage(stderr, 2);
    if (o.language)
        return say(&o, argv[optind]);
    if (!confine(&o))
        return 3;
    if (o.decode_s)
        return decode(o.decode_s);
    flite_init();
    if (strcmp(o.english, "slt") == 0)
        engines.english = register_cmu_us_slt(NULL);
    else if (strcmp(o.english, "kal16") == 0)
        engines.english = register_cmu_us_kal16(NULL);
    return engines.english ? serve(&engines) : usage(stderr, 2);
}
