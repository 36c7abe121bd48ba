package tag

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// errSound stops the walk of a segment where the sound begins.
var errSound = errors.New("the sound begins")

// mkvTrackInfo is what is known of one track.
type mkvTrackInfo struct {
	kind     uint64
	codec    string
	rate     float64
	rateOut  float64
	channels uint64
	delay    uint64 // ns
}

const (
	mkvKindSound = 2
	maxSeeks     = 64
	levelAlbum   = 50
	levelTrack   = 30
	maxTagDepth  = 4
	maxMKVCodec  = 64
	mostMKVDelay = 10 * uint64(time.Second)
)

// inside visits the elements of the segment. Before the sound all are read; behind it
// those that were sought.
func (m *mkvWalk) inside(e mkvElement, ahead bool) error {
	if slices.Contains(m.seen, e.offset) {
		return nil
	}
	switch e.id {
	case mkvSeekHead, mkvInfo, mkvTracks, mkvTags, mkvAttachments:
		if len(m.seen) >= maxSeeks {
			return fmt.Errorf("%w: more than %d parts", ErrBroken, maxSeeks)
		}
		m.seen = append(m.seen, e.offset)
	}
	switch e.id {
	case mkvCluster:
		if ahead {
			m.sound = Span{e.offset, m.info.Payload.End() - e.offset}
			return errSound
		}
	case mkvSeekHead:
		return m.walk(e.body, e.end, m.seekHead)
	case mkvInfo:
		return m.walk(e.body, e.end, m.about)
	case mkvTracks:
		return m.walk(e.body, e.end, m.tracks)
	case mkvTags:
		return m.walk(e.body, e.end, m.tag)
	case mkvAttachments:
		return m.walk(e.body, e.end, m.attachment)
	}
	return nil
}

// behind visits what the seek head lists and the walk has not come by. The sound ends
// where the first of that stands.
func (m *mkvWalk) behind(end int64) error {
	sound := m.sound
	for _, at := range m.seek {
		if at < m.segment || at >= end {
			continue
		}
		e, err := m.element(at, end)
		if err != nil {
			return err
		}
		if err := m.inside(e, false); err != nil {
			return err
		}
		if at > sound.Offset && sound.Length > 0 {
			m.sound.Length = min(m.sound.Length, at-sound.Offset)
			m.extra = append(m.extra, Span{at, e.end - at})
		}
	}
	return nil
}

// seekHead notes where the other parts stand.
func (m *mkvWalk) seekHead(e mkvElement) error {
	if e.id != mkvSeek || len(m.seek) >= maxSeeks {
		return nil
	}
	var id, at uint64
	err := m.walk(e.body, e.end, func(e mkvElement) (err error) {
		switch e.id {
		case mkvSeekID:
			id, err = m.number(e)
		case mkvSeekAt:
			at, err = m.number(e)
		}
		return err
	})
	switch id {
	case mkvInfo, mkvTracks, mkvTags, mkvAttachments, mkvCues:
		if at < 1<<62 {
			m.seek = append(m.seek, m.segment+int64(at))
		}
	}
	return err
}

// about reads what holds for the whole segment.
func (m *mkvWalk) about(e mkvElement) (err error) {
	switch e.id {
	case mkvScale:
		m.scale, err = m.number(e)
	case mkvDuration:
		m.units, err = m.float(e)
	case mkvTitle:
		m.title, err = m.text(e)
	}
	return err
}

// tracks takes the first track of sound.
func (m *mkvWalk) tracks(e mkvElement) error {
	if e.id != mkvTrack || m.found {
		return nil
	}
	m.track = mkvTrackInfo{rate: 8000, channels: 1} // as the format has it
	if err := m.walk(e.body, e.end, m.trackPart); err != nil || m.track.kind != mkvKindSound {
		return err
	}
	t, in := m.track, &m.info
	m.found = true
	in.Codec, in.Channels = mkvCodecName(t.codec), int(min(t.channels, 255))
	in.SampleRate = int(min(max(t.rate, t.rateOut), 1<<28-1))
	m.delay = time.Duration(min(t.delay, mostMKVDelay))
	return nil
}

func (m *mkvWalk) trackPart(e mkvElement) (err error) {
	switch e.id {
	case mkvTrackType:
		m.track.kind, err = m.number(e)
	case mkvCodec:
		m.track.codec, err = m.text(e)
	case mkvCodecDelay:
		m.track.delay, err = m.number(e)
	case mkvAudio:
		return m.walk(e.body, e.end, m.trackPart)
	case mkvRate:
		m.track.rate, err = m.float(e)
	case mkvRateOut:
		m.track.rateOut, err = m.float(e)
	case mkvChannels:
		m.track.channels, err = m.number(e)
	}
	return err
}

func mkvCodecName(id string) string {
	switch {
	case strings.HasPrefix(id, "A_AAC"):
		return "aac"
	case strings.HasPrefix(id, "A_PCM/"):
		return "pcm"
	}
	switch id {
	case "A_MPEG/L3":
		return "mp3"
	case "A_MPEG/L2":
		return "mp2"
	case "A_WAVPACK4":
		return "wavpack"
	case "A_TTA1":
		return "tta"
	}
	return strings.ToLower(strings.TrimPrefix(id[:min(len(id), maxMKVCodec)], "A_")) // A_FLAC, A_VORBIS, A_OPUS, A_ALAC
}

// tag reads one tag: what it speaks of, and its names and values.
func (m *mkvWalk) tag(e mkvElement) error {
	if e.id != mkvTag {
		return nil
	}
	level, values := uint64(levelAlbum), fields{}
	err := m.walk(e.body, e.end, func(e mkvElement) error {
		switch e.id {
		case mkvTargets:
			return m.walk(e.body, e.end, func(e mkvElement) (err error) {
				switch e.id {
				case mkvTargetLevel:
					level, err = m.number(e)
				case mkvTargetTrack:
					level = levelTrack
				}
				return err
			})
		case mkvSimpleTag:
			return m.simpleTag(e, values, maxTagDepth)
		}
		return nil
	})
	if level <= levelTrack {
		m.single.lend(values)
	} else if level == levelAlbum {
		m.album.lend(values)
	}
	return err
}

// simpleTag reads a name and a value; others may be nested in it.
func (m *mkvWalk) simpleTag(e mkvElement, values fields, depth int) error {
	var name, value string
	err := m.walk(e.body, e.end, func(e mkvElement) (err error) {
		switch {
		case e.id == mkvTagName:
			name, err = m.text(e)
		case e.id == mkvTagString:
			value, err = m.text(e)
		case e.id == mkvSimpleTag && depth > 0:
			return m.simpleTag(e, values, depth-1)
		}
		return err
	})
	values.add(mkvField(name), value)
	return err
}

// mkvField gives the field for a name as Matroska's own list has it, or else as in Vorbis
// comments.
func mkvField(name string) string {
	switch strings.ToUpper(name) {
	case "PART_NUMBER":
		return second + trackNumber
	case "TOTAL_PARTS":
		return second + trackTotal
	case "DATE_RELEASED", "DATE_RECORDED":
		return second + date
	}
	return canonical(name)
}

// ofAlbum gives what the tag of an album says to one of its tracks: there the title is
// the album's, and the part is the disc. It counts its own parts, which are the tracks.
func ofAlbum(f fields) fields {
	f.settle()
	out := fields{}
	for key, values := range f {
		switch key {
		case title:
			key = second + album
		case titleSort:
			key = second + albumSort
		case artist:
			key = second + albumArtist
		case artistSort:
			key = second + albumArtistSort
		case trackNumber:
			key = second + discNumber
		}
		out[key] = values
	}
	return out
}

// attachment notes a picture.
func (m *mkvWalk) attachment(e mkvElement) error {
	if e.id != mkvAttached {
		return nil
	}
	var name, mime string
	var data Span
	err := m.walk(e.body, e.end, func(e mkvElement) (err error) {
		switch e.id {
		case mkvFileName:
			name, err = m.text(e)
		case mkvMIME:
			mime, err = m.text(e)
		case mkvFileData:
			data = Span{e.body, e.end - e.body}
		}
		return err
	})
	if strings.HasPrefix(mime, "image/") && data.Length > 0 && len(m.info.Pictures) < maxPictures {
		pic := Picture{MIME: imageMIME(mime), Span: data}
		if strings.HasPrefix(strings.ToLower(name), "cover.") {
			pic.Type = 3
		}
		m.info.Pictures = append(m.info.Pictures, pic)
	}
	return err
}
