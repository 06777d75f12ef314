# What the tests in tmux share; sourced by them. A server of their own below $work, and waiting for what
# the screen shows: every wait polls a condition, none sleeps for a result.
command -v tmux >/dev/null || { echo "tmux is not installed"; exit 77; }

work=$(mktemp -d)
export TMUX_TMPDIR="$work" VLAB VLAB_HOME="$work/state"
unset TMUX NO_COLOR VLAB_DATA || true
trap 'tmux -L vlab kill-server 2>/dev/null || true; rm -rf "$work"' EXIT

t() { tmux -L vlab "$@"; }
screen() { t capture-pane -p; }

fail() {
    echo "FAILED: $1"
    echo "---- the screen:"
    screen || true
    exit 1
}

# until_true WHAT COMMAND...: polls for at most 30 s.
until_true() {
    what=$1
    shift
    tries=0
    while ! "$@" >/dev/null 2>&1; do
        tries=$((tries + 1))
        [ $tries -lt 600 ] || fail "$what"
        sleep 0.05
    done
}

shows() { screen | grep -qe "$1"; }
shows_not() { ! shows "$1"; }
see() { until_true "'$1' does not appear" shows "$1"; }
keys() { t send-keys "$@"; }
