"""Whom container engines run an image as, worked out anew from how each of them reads `User`, passwd
and group. Independent of deroot's own reading, and of each other where the engines differ.

Each engine is a function (user, passwd, group) -> (uid, gid), or None where it refuses to start.
passwd and group are bytes, or None where the file is absent."""

SPACE = b" \t\n\v\f\r"
BLANKS = [chr(n).encode() for n in (0x85, 0xA0, 0x1680, *range(0x2000, 0x200B), 0x2028, 0x2029, 0x202F, 0x205F, 0x3000)]
LARGEST = 2**31 - 1


def trimmed(line):
    """Go's bytes.TrimSpace: ASCII white space, and what Unicode calls white space, in UTF-8."""
    while True:
        before = line
        line = line.strip(SPACE)
        for blank in BLANKS:
            if line.startswith(blank):
                line = line[len(blank):]
            if line.endswith(blank):
                line = line[: -len(blank)]
        if line == before:
            return line


def atoi(text):
    """Go's strconv.Atoi: (number, whether it is one). Out of range gives the nearest and no error
    is looked at by those who ignore errors; anything else gives 0."""
    digits = text[1:] if text[:1] in (b"+", b"-") else text
    if not digits or not all(0x30 <= byte <= 0x39 for byte in digits):
        return 0, False
    value = int(digits) * (-1 if text[:1] == b"-" else 1)
    if not -(2**63) <= value < 2**63:
        return (2**63 - 1 if value > 0 else -(2**63)), False
    return value, True


def rows(file, columns):
    """Rows as moby/sys/user parses them: errors in numbers ignored, missing fields empty or 0."""
    for line in (file or b"").split(b"\n"):
        line = trimmed(line)
        if not line:
            continue
        fields = line.split(b":")
        yield [
            (atoi(fields[n])[0] if kind is int else fields[n]) if n < len(fields) else kind()
            for n, kind in enumerate(columns)
        ]


def passwd_rows(file):
    return [(r[0], r[2], r[3]) for r in rows(file, (bytes, bytes, int, int, bytes, bytes, bytes))]


def group_rows(file):
    return [(r[0], r[2], r[3].split(b",") if r[3] else []) for r in rows(file, (bytes, bytes, int, bytes))]


def first(found, fits):
    return next((row for row in found if fits(row)), None)


def moby(user, passwd, group, numbers_win=True, in_range=True):
    """moby/sys/user GetExecPath: Docker, BuildKit, CRI-O and, much alike, podman."""
    parts = user.split(b":")
    user_arg, group_arg = parts[0], parts[1] if len(parts) > 1 else b""
    uid, is_uid = atoi(user_arg)
    gid, is_gid = atoi(group_arg)

    def fits(row):
        if not user_arg:
            return row[1] == 0
        if not numbers_win:
            return row[0] == user_arg or str(row[1]).encode() == user_arg
        return row[1] == uid if is_uid else row[0] == user_arg

    row = first(passwd_rows(passwd), fits)
    if row:
        result = [row[1], row[2]]
    elif user_arg:
        if not is_uid or in_range and not 0 <= uid <= LARGEST:
            return None
        result = [uid, 0]
    else:
        result = [0, 0]
    if group_arg:
        row = first(group_rows(group), lambda r: r[1] == gid if is_gid else r[0] == group_arg)
        if row:
            result[1] = row[1]
        elif not is_gid or in_range and not 0 <= gid <= LARGEST:
            return None
        else:
            result[1] = gid
    return tuple(result)


def moby_2016(user, passwd, group):
    """runc before the fix of CVE-2016-3697: a name of digits goes before the number."""
    return moby(user, passwd, group, numbers_win=False)


def uint32(number):
    return number & 0xFFFFFFFF


def containerd(user, passwd, group, in_range=True):
    """containerd's oci.WithUser, WithUserID and WithUsername."""
    parts = user.split(b":")
    if len(parts) > 2:
        return None

    def number(text):
        value, is_number = atoi(text)
        fits = is_number and (not in_range or 0 <= value <= LARGEST)
        return uint32(value) if fits else None

    if len(parts) == 1:
        uid = number(parts[0])
        if uid is not None:
            row = first(passwd_rows(passwd), lambda r: r[1] == uid)
            return (uint32(row[1]), uint32(row[2])) if row else (uid, 0)
        if not parts[0]:
            return 0, 0
        row = first(passwd_rows(passwd), lambda r: r[0] == parts[0])
        return (uint32(row[1]), uint32(row[2])) if row else None
    uid, gid = number(parts[0]), number(parts[1])
    if uid is None:
        row = first(passwd_rows(passwd), lambda r: r[0] == parts[0])
        if not row:
            return None
        uid = uint32(row[1])
    if gid is None:
        row = first(group_rows(group), lambda r: r[0] == parts[1])
        if not row:
            return None
        gid = uint32(row[1])
    return uid, gid


def containerd_2024(user, passwd, group):
    """containerd before the fix of CVE-2024-40635: 32 bits of any number."""
    return containerd(user, passwd, group, in_range=False)


def strtol(text):
    """C's strtol: (number, what follows it)."""
    text = text.lstrip(SPACE)
    end = 1 if text[:1] in (b"+", b"-") else 0
    while end < len(text) and 0x30 <= text[end] <= 0x39:
        end += 1
    digits = text[:end].lstrip(b"+-")
    if not digits:
        return 0, text
    return max(-(2**63), min(2**63 - 1, int(text[:end]))), text[end:]


def crun(user, passwd, group):
    """crun exec --user: UID[:GID], numbers only, as strtol reads them, cut to 32 bits."""
    uid, rest = strtol(user)
    if not rest:
        return uint32(uid), 0
    if rest[:1] != b":":
        return None
    gid, rest = strtol(rest[1:])
    return None if rest else (uint32(uid), uint32(gid))


def crun_2025(user, passwd, group):
    """crun 1.19 to 1.26 (CVE-2026-30892): the bare user 1 runs as root."""
    return (0, 0) if user == b"1" else crun(user, passwd, group)


ENGINES = (moby, moby_2016, containerd, containerd_2024, crun, crun_2025)


def judged(user, passwd, group):
    """What is wrong with a converted image's identity; an empty list: it is nobody's root, and the
    same everywhere."""
    problems, seen = [], set()
    for engine in ENGINES:
        identity = engine(user, passwd, group)
        if identity is None:
            problems.append(f"{engine.__name__} refuses {user!r}")
            continue
        if identity[0] == 0:
            problems.append(f"{engine.__name__} takes {user!r} for root")
        seen.add(identity)
    if len(seen) > 1:
        problems.append(f"{user!r} is {sorted(seen)}, by the engine")
    return problems
