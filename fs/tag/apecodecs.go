package tag

import (
	"encoding/binary"
	"fmt"
)

// Containers of one header whose tags are an APEv2 at the end: Monkey's Audio (MAC SDK
// 4, MACLib.h and OldHeader) and True Audio (https://tausoft.org/wiki/True_Audio_Codec_Format).

// monkeys reads Monkey's Audio. Version 3.98 put a descriptor before the header.
func (p *parser) monkeys(start int64) error {
	in := &p.info
	in.Container, in.Codec = "ape", "ape"
	if err := p.apeTagged(start); err != nil {
		return err
	}
	b, err := p.w.bytes(start, 32)
	if err != nil {
		return err
	}
	version := binary.LittleEndian.Uint16(b[4:])
	var frames, perFrame, last uint32
	if version >= 3980 {
		descriptor := int64(binary.LittleEndian.Uint32(b[8:]))
		if b, err = p.w.bytes(start+descriptor, 24); err != nil {
			return err
		}
		perFrame, last, frames = binary.LittleEndian.Uint32(b[4:]), binary.LittleEndian.Uint32(b[8:]), binary.LittleEndian.Uint32(b[12:])
		in.Channels, in.SampleRate = int(binary.LittleEndian.Uint16(b[18:])), int(binary.LittleEndian.Uint32(b[20:])&0xFFFFFFF)
	} else {
		in.Channels, in.SampleRate = int(binary.LittleEndian.Uint16(b[10:])), int(binary.LittleEndian.Uint32(b[12:])&0xFFFFFFF)
		frames, last = binary.LittleEndian.Uint32(b[24:]), binary.LittleEndian.Uint32(b[28:])
		perFrame = monkeysFrame(version, binary.LittleEndian.Uint16(b[6:]))
	}
	if frames == 0 {
		return fmt.Errorf("%w: no frame of sound", ErrBroken)
	}
	in.Duration = seconds(uint64(frames-1)*uint64(perFrame)+uint64(last), uint64(in.SampleRate))
	return nil
}

// monkeysFrame gives the samples of a frame, which old headers do not say.
func monkeysFrame(version, compression uint16) uint32 {
	switch {
	case version >= 3950:
		return 4 * 73728
	case version >= 3900, version >= 3800 && compression >= 4000:
		return 73728
	}
	return 9216
}

// trueAudio reads the header of TTA1: format, channels, depth, rate and samples.
func (p *parser) trueAudio(start int64) error {
	p.info.Container, p.info.Codec = "tta", "tta"
	if err := p.apeTagged(start); err != nil {
		return err
	}
	b, err := p.w.bytes(start, 22)
	if err != nil {
		return err
	}
	p.info.Channels = int(binary.LittleEndian.Uint16(b[6:]))
	p.info.SampleRate = int(binary.LittleEndian.Uint32(b[10:]) & 0xFFFFFFF)
	p.info.Duration = seconds(uint64(binary.LittleEndian.Uint32(b[14:])), uint64(p.info.SampleRate))
	return nil
}

// tak reads Tom's lossless Audio Kompressor, as libavformat's takdec.c does: blocks of
// a type, 24 bits of length and a checksum of three bytes at their end.
func (p *parser) tak(start int64) error {
	const maxBlocks, streamBlock = 64, 1
	p.info.Container, p.info.Codec = "tak", "tak"
	if err := p.apeTagged(start); err != nil {
		return err
	}
	off := start + 4
	for range maxBlocks {
		b, err := p.w.upTo(off, 4+16)
		if err != nil {
			return err
		}
		if len(b) < 4 || b[0]&0x7F == 0 {
			break
		}
		if b[0]&0x7F == streamBlock && len(b) == 20 {
			p.takStream(b[4:])
			return nil
		}
		off += 4 + int64(b[1]) + int64(b[2])<<8 + int64(b[3])<<16
	}
	return fmt.Errorf("%w: no stream block", ErrBroken)
}

// takStream reads bits, the lowest first: codec 6, profile 4, frame length 4, samples
// 35, data type 3, rate less 6000 18, depth less 8 5, channels less one 4.
func (p *parser) takStream(b []byte) {
	low, high := binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[8:])
	p.info.SampleRate = int((low>>52|high<<12)&(1<<18-1)) + 6000
	p.info.Channels = int(high>>11&15) + 1
	p.info.Duration = seconds(low>>14&(1<<35-1), uint64(p.info.SampleRate))
}
