/* A disk that forgets, for the torture's daemon: with TOCSIN_POWER=FOLDER SQLite's files go through this VFS, which writes down
 * in FOLDER/NAME.undo what stood there before each write, and clears that when the file is synced. After a kill power_cut.py
 * takes back what was never synced, or tears it: as after a power cut. TOCSIN_POWER_NO_SYNC=1 is its control: a disk that
 * lies, on which nothing is ever safe. */
#include "codecs/fault_point.h"

#include <fcntl.h>
#include <libgen.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* In the undo file, before the bytes that stood at offset: where a write began, how long the file was, how many bytes follow.
 */
struct undo {
    int64_t offset, size, n;
};

struct power_file {
    sqlite3_file base;
    int undo; /* -1: a file of no interest, such as a temporary one */
    sqlite3_file *real;
};

static sqlite3_vfs *disk, power;
static bool never_syncs;

static sqlite3_file *real_of(sqlite3_file *file)
{
    return ((struct power_file *)file)->real;
}

/* What stands from offset to the end of the write, or of the file, is written down before it is overwritten. */
static int remember(struct power_file *file, sqlite3_int64 offset, sqlite3_int64 n)
{
    struct undo undo = {.offset = offset};
    sqlite3_int64 size = 0;
    int code = file->real->pMethods->xFileSize(file->real, &size);
    undo.size = size;
    undo.n = offset + n > size ? size - offset : n;
    undo.n = undo.n < 0 ? 0 : undo.n;
    char *record = code == SQLITE_OK ? malloc(sizeof undo + (size_t)undo.n) : NULL;
    if (!record)
        return SQLITE_IOERR_NOMEM;
    memcpy(record, &undo, sizeof undo);
    if (undo.n > 0)
        code = file->real->pMethods->xRead(file->real, record + sizeof undo, (int)undo.n, offset);
    size_t whole = sizeof undo + (size_t)undo.n;
    if (code == SQLITE_OK && write(file->undo, record, whole) != (ssize_t)whole)
        code = SQLITE_IOERR_WRITE;
    free(record);
    return code;
}

static int close_file(sqlite3_file *file)
{
    struct power_file *mine = (struct power_file *)file;
    if (mine->undo >= 0)
        close(mine->undo);
    return mine->real->pMethods ? mine->real->pMethods->xClose(mine->real) : SQLITE_OK;
}

static int read_file(sqlite3_file *file, void *to, int n, sqlite3_int64 offset)
{
    return real_of(file)->pMethods->xRead(real_of(file), to, n, offset);
}

static int write_file(sqlite3_file *file, const void *from, int n, sqlite3_int64 offset)
{
    struct power_file *mine = (struct power_file *)file;
    int code = mine->undo >= 0 ? remember(mine, offset, n) : SQLITE_OK;
    return code == SQLITE_OK ? mine->real->pMethods->xWrite(mine->real, from, n, offset) : code;
}

static int truncate_file(sqlite3_file *file, sqlite3_int64 size)
{
    struct power_file *mine = (struct power_file *)file;
    int code = mine->undo >= 0 ? remember(mine, size, INT32_MAX) : SQLITE_OK;
    return code == SQLITE_OK ? mine->real->pMethods->xTruncate(mine->real, size) : code;
}

static int sync_file(sqlite3_file *file, int flags)
{
    struct power_file *mine = (struct power_file *)file;
    fault_point("sync_before");
    int code = mine->real->pMethods->xSync(mine->real, flags);
    if (code == SQLITE_OK && mine->undo >= 0 && !never_syncs && ftruncate(mine->undo, 0) != 0)
        code = SQLITE_IOERR_FSYNC;
    fault_point("sync_after");
    return code;
}

static int file_size(sqlite3_file *file, sqlite3_int64 *size)
{
    return real_of(file)->pMethods->xFileSize(real_of(file), size);
}

static int lock_file(sqlite3_file *file, int level)
{
    return real_of(file)->pMethods->xLock(real_of(file), level);
}

static int unlock_file(sqlite3_file *file, int level)
{
    return real_of(file)->pMethods->xUnlock(real_of(file), level);
}

static int check_reserved(sqlite3_file *file, int *is)
{
    return real_of(file)->pMethods->xCheckReservedLock(real_of(file), is);
}

static int control(sqlite3_file *file, int what, void *argument)
{
    return real_of(file)->pMethods->xFileControl(real_of(file), what, argument);
}

static int sector_size(sqlite3_file *file)
{
    return real_of(file)->pMethods->xSectorSize(real_of(file));
}

static int characteristics(sqlite3_file *file)
{
    return real_of(file)->pMethods->xDeviceCharacteristics(real_of(file));
}

static int shm_map(sqlite3_file *file, int page, int size, int extend, void volatile **at)
{
    return real_of(file)->pMethods->xShmMap(real_of(file), page, size, extend, at);
}

static int shm_lock(sqlite3_file *file, int offset, int n, int flags)
{
    return real_of(file)->pMethods->xShmLock(real_of(file), offset, n, flags);
}

static void shm_barrier(sqlite3_file *file)
{
    real_of(file)->pMethods->xShmBarrier(real_of(file));
}

static int shm_unmap(sqlite3_file *file, int remove)
{
    return real_of(file)->pMethods->xShmUnmap(real_of(file), remove);
}

/* Version 2: without memory mapping, whose writes nobody would see. */
static const sqlite3_io_methods METHODS = {
    .iVersion = 2,
    .xClose = close_file,
    .xRead = read_file,
    .xWrite = write_file,
    .xTruncate = truncate_file,
    .xSync = sync_file,
    .xFileSize = file_size,
    .xLock = lock_file,
    .xUnlock = unlock_file,
    .xCheckReservedLock = check_reserved,
    .xFileControl = control,
    .xSectorSize = sector_size,
    .xDeviceCharacteristics = characteristics,
    .xShmMap = shm_map,
    .xShmLock = shm_lock,
    .xShmBarrier = shm_barrier,
    .xShmUnmap = shm_unmap,
};

static int open_undo(const char *name)
{
    char copy[512], path[1024];
    snprintf(copy, sizeof copy, "%s", name);
    snprintf(path, sizeof path, "%s/%s.undo", getenv("TOCSIN_POWER"), basename(copy));
    return open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

static int open_file(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *got)
{
    (void)vfs;
    struct power_file *mine = (struct power_file *)file;
    *mine = (struct power_file){.undo = -1, .real = (sqlite3_file *)(mine + 1)};
    int code = disk->xOpen(disk, name, mine->real, flags, got);
    if (code != SQLITE_OK)
        return code;
    mine->base.pMethods = &METHODS;
    if (name && flags & (SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL))
        mine->undo = open_undo(name);
    return SQLITE_OK;
}

__attribute__((constructor)) static void be_the_disk(void)
{
    if (!getenv("TOCSIN_POWER"))
        return;
    never_syncs = getenv("TOCSIN_POWER_NO_SYNC") != NULL;
    sqlite3_initialize();
    disk = sqlite3_vfs_find(NULL);
    power = *disk;
    power.zName = "power";
    power.szOsFile = (int)sizeof(struct power_file) + disk->szOsFile;
    power.xOpen = open_file;
    sqlite3_vfs_register(&power, 1);
}
