"""What a power cut leaves of the store's files, of which power_vfs.c wrote down what was not synced yet."""
import os
import struct

SECTOR = 512
HEAD = struct.Struct("=qqq")  # struct undo in power_vfs.c


def undo_records(path):
    """[(offset, size of the file before, bytes that stood there)], the oldest first; the last may be half written."""
    with open(path, "rb") as file:
        data = file.read()
    at, records = 0, []
    while at + HEAD.size <= len(data):
        offset, size, n = HEAD.unpack_from(data, at)
        at += HEAD.size
        if at + n > len(data):
            break
        records.append((offset, size, data[at:at + n]))
        at += n
    return records


def synced(data, records):
    """The file as it was synced last."""
    data = bytearray(data)
    for offset, size, before in reversed(records):
        data.extend(bytes(max(0, size - len(data))))
        data[offset:offset + len(before)] = before
        del data[size:]
    return bytes(data)


def torn(old, new, chance, keep):
    """Of each sector that differs the new one is there by chance; keep: how likely."""
    result = bytearray(new if len(new) >= len(old) or chance.random() < keep else old)
    for at in range(0, len(result), SECTOR):
        before, after = old[at:at + SECTOR], new[at:at + SECTOR]
        if before != after:
            piece = after if chance.random() < keep else before.ljust(min(SECTOR, len(result) - at), b"\0")
            result[at:at + len(piece)] = piece
    if len(new) > len(old) and chance.random() < 0.5:  # the file never grew
        del result[len(old) + chance.randrange(len(new) - len(old)):]
    return bytes(result)


def cut(folder, name, chance):
    """Makes of the files what a power cut may have left: nothing of what was not synced, or any sectors of it. Returns how many
    bytes were not synced."""
    lost = 0
    for file in (name, name + "-wal"):
        path, undo = os.path.join(folder, file), os.path.join(folder, file + ".undo")
        if not os.path.exists(undo) or not os.path.exists(path):
            continue
        records = undo_records(undo)
        with open(path, "rb") as stream:
            new = stream.read()
        old = synced(new, records)
        keep = chance.choice((0, 0, 0.2, 0.5, 0.8))
        left = torn(old, new, chance, keep) if keep else old
        with open(path, "wb") as stream:
            stream.write(left)
        os.truncate(undo, 0)
        lost += sum(a != b for a, b in zip(old, new)) + abs(len(new) - len(old))
    for shared in (name + "-shm",):  # memory
        path = os.path.join(folder, shared)
        if os.path.exists(path):
            os.unlink(path)
    return lost
