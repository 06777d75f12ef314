#!/bin/sh
# vlab snap: a random tree of 50. Each is found again as it was taken, by 'snap show' and by a run from it,
# here, behind deletions and gc, and in another store; when one page is destroyed, the snapshots that have
# it are named, and all others are whole.
set -u
command -v python3 >/dev/null || { echo "no python3"; exit 77; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 - "$VLAB" "$work" <<'PY'
import glob, json, os, random, subprocess, sys

vlab, work = sys.argv[1:]
COUNT = 50
rng = random.Random(20)


def call(*args, home="state", status=0):
    env = dict(os.environ, VLAB_HOME=f"{work}/{home}")
    done = subprocess.run([vlab, *args], env=env, capture_output=True, text=True, timeout=120)
    assert done.returncode == status, (args, done.returncode, done.stdout, done.stderr)
    return done


def answer(*args, home="state"):
    out = call(*args, home=home).stdout
    return json.loads(out if args[0] == "snap" else out.splitlines()[-1])  # behind the guest's text


# ---- the tree: each node from the lab or from a node before it, so many instructions on
nodes = []
for n in range(COUNT):
    parent = rng.choice(nodes) if nodes and rng.random() < 0.9 else None
    insns = rng.randrange(1, 400)
    what = "@" + parent["id"] if parent else "05"
    node = answer("snap", "take", what, "--insns", str(insns), "--name", f"n{n}", "--json")
    assert node["parent"] == (parent["id"] if parent else ""), node
    node["from"], node["on"] = what, insns
    nodes.append(node)
assert len({n["state"] for n in nodes}) > COUNT / 2


def all_as_taken(some, home="state"):
    for n in some:
        shown = answer("snap", "show", "@" + n["id"], "--json", home=home)
        assert shown["state"] == n["state"], (n, shown)
        assert shown["instructions"] == n["instructions"] and shown["exits"] == n["exits"]


all_as_taken(nodes)

# ---- a run over the same stretch comes to the state that was taken at its end
for n in rng.sample(nodes, 12):
    run = answer("run", n["from"], "--insns", str(n["on"]), "--json")
    assert run["state"] == n["state"], (n, run)

# ---- each is where it was taken from; the figures add up
tree = answer("snap", "list", "--json")
listed = {n["id"]: n for n in tree["snapshots"]}
assert set(listed) == {n["id"] for n in nodes} and tree["damaged"] == 0
assert all(listed[n["id"]]["parent"] == n["parent"] for n in nodes)
assert tree["naive"] == sum(n["naive"] for n in listed.values())
assert tree["unique"] == sum(n["added"] for n in listed.values())
assert sum(n["own"] for n in listed.values()) <= tree["stored"] < tree["naive"] / 100
lines = call("snap", "list").stdout.splitlines()
assert lines[-1].startswith(f"{COUNT} snapshots: "), lines[-1]
assert len([line for line in lines if line.startswith("@")]) == COUNT

# ---- a prefix is enough as long as it is one's own
ids = [n["id"] for n in nodes]
shortest = next(k for k in range(4, 17) if len({i[:k] for i in ids}) == COUNT)
assert answer("snap", "show", "@" + ids[7][:shortest], "--json")["id"] == ids[7]

# ---- inner nodes go; their children get their parent
parents = {n["id"]: n["parent"] for n in nodes}
inner = [n for n in nodes if n["id"] in parents.values()]
gone = rng.sample(inner, min(8, len(inner)))
said = call("snap", "delete", *["@" + n["id"] for n in gone]).stdout
assert said.count(" is deleted") == len(gone) and "on\n" in said, said
for n in gone:
    for child in [i for i in parents if parents[i] == n["id"]]:
        parents[child] = parents[n["id"]]
    del parents[n["id"]]
left = [n for n in nodes if n["id"] in parents]
now = {n["id"]: n["parent"] for n in answer("snap", "list", "--json")["snapshots"]}
assert now == parents
call("snap", "gc")
assert "every snapshot is whole" in call("snap", "verify").stdout
all_as_taken(left)

# ---- a subtree in another store
root = next(n for n in left if parents[n["id"]] == "")
below = {root["id"]}
while True:
    more = {i for i in parents if parents[i] in below} - below
    if not more:
        break
    below |= more
call("snap", "export", "--tree", "@" + root["id"], f"{work}/file")
said = call("snap", "import", f"{work}/file", home="other").stdout
assert said.startswith(f"{len(below)} snapshot"), said
moved = [n for n in left if n["id"] in below]
all_as_taken(moved, home="other")
there = {n["id"]: n["parent"] for n in answer("snap", "list", "--json", home="other")["snapshots"]}
assert there == {i: (parents[i] if parents[i] in below else "") for i in below}
call("snap", "import", f"{work}/file", home="other")  # once more: nothing new
assert len(answer("snap", "list", "--json", home="other")["snapshots"]) == len(below)

# ---- one byte of one pack, in its middle
packs = sorted(glob.glob(f"{work}/state/snapshots/packs/*.pack"), key=os.path.getsize)
victim = packs[len(packs) // 2]
with open(victim, "r+b") as f:
    f.seek(os.path.getsize(victim) // 2)
    byte = f.read(1)
    f.seek(-1, os.SEEK_CUR)
    f.write(bytes([byte[0] ^ 0x40]))
bad = call("snap", "verify", status=1)
assert "what is not named is whole" in bad.stderr, bad
named = {line.split("@")[1].split()[0] for line in bad.stdout.splitlines() if "belongs to @" in line}
assert named, bad.stdout
touched = [n for n in left if n["id"][:8] in named]
assert len(touched) == len(named) and len(touched) < len(left), (named, len(left))
all_as_taken([n for n in left if n not in touched])
for n in touched:
    shown = call("snap", "show", "@" + n["id"], status=1)
    assert "damaged" in shown.stdout and n["id"] in shown.stderr, shown
    call("run", "@" + n["id"], status=1)

# ---- deleting them, and gc, makes the store whole
call("snap", "delete", *["@" + n["id"] for n in touched])
call("snap", "gc")
assert "every snapshot is whole" in call("snap", "verify").stdout
all_as_taken([n for n in left if n not in touched])

# ---- or the copy that stood alone mends it
call("snap", "import", f"{work}/file")
all_as_taken([n for n in left if n in moved or n not in touched])
PY
