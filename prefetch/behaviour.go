package prefetch

import "time"

// custom is what programs of a name usually do. Names only shorten the waiting for
// evidence and keep copies from being taken for listening; a program that is not
// known is told by what it does.
type custom uint8

const (
	unnamed custom = iota
	player
	copier
	prober // reads much, or pauses, and wants nothing beyond
)

// customOf gives the custom of a program by its name.
func customOf(name string) custom {
	switch name {
	case "mpv", "mpd", "vlc", "cmus", "mocp", "mplayer", "ffplay", "audacious", "deadbeef",
		"strawberry", "clementine", "rhythmbox", "quodlibet", "gst-play-1.0":
		return player
	case "cp", "mv", "rsync", "tar", "scp", "rclone", "md5sum", "sha1sum", "sha256sum", "sha512sum", "b3sum":
		return copier
	case "file", "ffprobe", "ffmpegthumbnail", "tumblerd", "tracker-extract", "localsearch-ext",
		"baloo_file_extr", "mediainfo", "exiftool", "updatedb":
		return prober
	}
	return unnamed
}

// judge tells what h is by now. A play stays one until it closes.
func (h *handle) judge(now time.Time) Behaviour {
	if h.is == Play || !h.open() {
		return h.is
	}
	custom := h.proc.custom
	may := h.kind == Audio && (custom == unnamed || custom == player) && h.proc.playing < maxPlays
	if may && h.listens(custom, now) {
		return Play
	}
	done := h.progress()
	switch habit := h.proc.habitAt(now); {
	case done >= evidence && (custom == prober || habit == Slurp && custom == unnamed):
		return Slurp
	case done >= evidence, done >= sound && (custom == copier || habit == Copy && custom != prober):
		return Copy
	}
	return h.is
}

// listens tells whether somebody seems to hear what h reads.
func (h *handle) listens(custom custom, now time.Time) bool {
	done, age := h.progress(), now.Sub(h.opened)
	if h.owed == 0 && now.Sub(h.last) >= pause {
		if done >= sound || h.ended() && done > 0 || age >= silent {
			return true
		}
	}
	if done >= sound && h.rests >= pause {
		return true // little by little, as it sounds
	}
	if done >= evidence && (custom == player || age >= steady) {
		return true
	}
	// What was to come next came, and nothing else is playing.
	return done >= sound && h.proc.expects(h.track.File) && h.proc.playing == 0
}

// look is when judge may say otherwise though nothing happens; zero for never.
func (h *handle) look(now time.Time) time.Time {
	if h.is == Play || !h.open() || h.kind != Audio || h.proc.custom == copier || h.proc.custom == prober {
		return time.Time{}
	}
	var next time.Time
	consider := func(at time.Time) {
		if at.After(now) && (next.IsZero() || at.Before(next)) {
			next = at
		}
	}
	if h.owed == 0 {
		consider(h.last.Add(pause))
		consider(later(h.opened.Add(silent), h.last.Add(pause)))
	}
	consider(h.opened.Add(steady))
	return next
}
