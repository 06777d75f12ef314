#!/bin/sh
# Prints docs/FIDELITY.md from the program's own table; VLAB is the program.
set -eu

cat <<'END'
# Where the CPU differs

The CPU of vlab is emulated by Unicorn, an older QEMU. This is where it is known to differ from a real one, by the Intel SDM. `vlab doctor --fidelity` prints the same; a test runs random instructions here and in QEMU, one by one, and lets nothing differ that is not in this list or undefined by the manual.
END
"$VLAB" doctor --fidelity | awk '
    /^[A-Z]/ { sub(/:$/, ""); printf "\n## %s\n\n| name | what happens | Intel SDM | seen in |\n|---|---|---|---|\n", $0 }
    /^  [a-z]/ { name = $1 }
    /^      Intel SDM / {
        sub(/^ *Intel SDM /, ""); sub(/\.$/, "")
        section = seen = $0
        sub(/\. Seen in: .*/, "", section); sub(/.*\. Seen in: /, "", seen)
        printf "| `%s` | %s | %s | %s |\n", name, text, section, seen
        next
    }
    /^      / { sub(/^ */, ""); text = $0 }'
