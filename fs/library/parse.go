package library

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Limits of a template, far beyond what anybody writes.
const (
	maxTemplate = 2000 // bytes
	maxParts    = 16
	maxNesting  = 8 // of conditions in each other, of functions in each other
)

// parser reads one template.
type parser struct {
	in  string
	pos int
}

// fail tells what was expected where the parser stands, or at a place before.
func (p *parser) fail(at int, format string, a ...any) error {
	return fmt.Errorf("at character %d: %s", utf8.RuneCountInString(p.in[:at])+1, fmt.Sprintf(format, a...))
}

// found says what stands at the parser's place.
func (p *parser) found() string {
	if p.pos >= len(p.in) {
		return "the end"
	}
	_, n := utf8.DecodeRuneInString(p.in[p.pos:])
	return fmt.Sprintf("%q", p.in[p.pos:p.pos+n])
}

// take passes over s if it comes next.
func (p *parser) take(s string) bool {
	if !strings.HasPrefix(p.in[p.pos:], s) {
		return false
	}
	p.pos += len(s)
	return true
}

func (p *parser) spaces() {
	for p.take(" ") {
	}
}

func (p *parser) layout() (*Layout, error) {
	if len(p.in) > maxTemplate || !utf8.ValidString(p.in) {
		return nil, fmt.Errorf("expected at most %d bytes of UTF-8", maxTemplate)
	}
	l := &Layout{album: -1}
	for {
		start := p.pos
		nodes, err := p.sequence(0)
		switch {
		case err != nil:
			return nil, err
		case len(nodes) == 0:
			return nil, p.fail(start, "expected the name of a folder or file, found %s", p.found())
		case len(l.parts) == maxParts:
			return nil, p.fail(start, "expected no more than %d parts", maxParts)
		}
		l.parts = append(l.parts, part{nodes: nodes, start: start})
		if !p.take("/") {
			return l, p.check(l)
		}
	}
}

// check holds a layout against the rules that concern several parts.
func (p *parser) check(l *Layout) error {
	last := len(l.parts) - 1
	for i, part := range l.parts[:last] {
		if part.prints(namesAlbum) && !part.optional() {
			l.album = i
		}
	}
	if l.album < 0 {
		return p.fail(0, "expected a folder with {album} in it, before the name of the file")
	}
	for _, part := range l.parts[:l.album+1] {
		for _, t := range append(asked(part.nodes), printed(part.nodes)...) {
			if ofTrack(t.field) {
				return p.fail(t.pos, "expected a field of the whole album, found %q: it can stand below the album's folder only", t.field)
			}
		}
	}
	if !l.parts[last].prints(anyField) {
		return p.fail(l.parts[last].start, "expected a field in the name of the file")
	}
	return nil
}

// sequence reads up to the end of a part, or within conditions up to {else} or {end}.
func (p *parser) sequence(depth int) ([]node, error) {
	var out []node
	var text strings.Builder
	flush := func() {
		if text.Len() > 0 {
			out = append(out, node{text: text.String()})
			text.Reset()
		}
	}
	for p.pos < len(p.in) && p.in[p.pos] != '/' {
		switch {
		case p.take("{{"):
			text.WriteByte('{')
		case p.take("}}"):
			text.WriteByte('}')
		case p.in[p.pos] == '}':
			return nil, p.fail(p.pos, `expected "{" before "}", or "}}" for the character`)
		case p.in[p.pos] != '{':
			text.WriteByte(p.in[p.pos])
			p.pos++
		case depth > 0 && (p.next("{else}") || p.next("{end}")):
			flush()
			return out, nil
		default:
			n, err := p.braces(depth)
			if err != nil {
				return nil, err
			}
			flush()
			out = append(out, n)
		}
	}
	flush()
	return out, nil
}

func (p *parser) next(s string) bool { return strings.HasPrefix(p.in[p.pos:], s) }

// braces reads a value or a condition.
func (p *parser) braces(depth int) (node, error) {
	start := p.pos
	switch {
	case p.next("{else}"), p.next("{end}"):
		return node{}, p.fail(start, `expected "{if field}" before this`)
	case p.take("{if "):
		return p.condition(start, depth)
	}
	p.pos++
	n := node{before: p.upTo(func(c byte) bool { return letter(c) || strings.IndexByte("{}|/", c) >= 0 })}
	var err error
	if n.choice, err = p.choice(); err != nil {
		return node{}, err
	}
	n.after = p.upTo(func(c byte) bool { return strings.IndexByte("{}|/", c) >= 0 })
	if !p.take("}") {
		return node{}, p.fail(p.pos, `expected "}" to end the "{" at character %d, found %s`, utf8.RuneCountInString(p.in[:start])+1, p.found())
	}
	return n, nil
}

// condition reads what follows "{if ".
func (p *parser) condition(start, depth int) (node, error) {
	if depth == maxNesting {
		return node{}, p.fail(start, "expected no more than %d conditions in each other", maxNesting)
	}
	p.spaces()
	n := node{condition: true}
	var err error
	if n.choice, err = p.choice(); err != nil {
		return node{}, err
	}
	if p.spaces(); !p.take("}") {
		return node{}, p.fail(p.pos, `expected "}" after the condition, found %s`, p.found())
	}
	if n.then, err = p.sequence(depth + 1); err != nil {
		return node{}, err
	}
	if p.take("{else}") {
		n.alternative = true
		if n.otherwise, err = p.sequence(depth + 1); err != nil {
			return node{}, err
		}
	}
	if !p.take("{end}") {
		return node{}, p.fail(p.pos, `expected "{end}" in the same part as the "{if" at character %d, found %s`, utf8.RuneCountInString(p.in[:start])+1, p.found())
	}
	return n, nil
}

// choice reads terms with bars between them.
func (p *parser) choice() ([]term, error) {
	var out []term
	for {
		t, err := p.term(0)
		if err != nil {
			return nil, err
		}
		out = append(out, t)
		back := p.pos
		if p.spaces(); !p.take("|") {
			p.pos = back
			return out, nil
		}
		p.spaces()
	}
}

// term reads a field or the call of a function.
func (p *parser) term(depth int) (term, error) {
	start := p.pos
	name := p.upTo(func(c byte) bool { return !letter(c) })
	if name == "" {
		return term{}, p.fail(start, "expected a field or a function, found %s", p.found())
	}
	if !function(name) || !p.next("(") {
		if !known(field(name)) {
			return term{}, p.fail(start, "expected a field or a function, found %q; there are %s", shorten(name), vocabulary())
		}
		return term{field: field(name), pos: start}, nil
	}
	if depth == maxNesting {
		return term{}, p.fail(start, "expected no more than %d functions in each other", maxNesting)
	}
	p.pos++
	p.spaces()
	inner, err := p.term(depth + 1)
	if err != nil {
		return term{}, err
	}
	t := term{call: name, field: inner.field, inner: &inner, pos: start}
	if p.spaces(); name == "pad" {
		if !p.take(",") {
			return term{}, p.fail(p.pos, `expected a comma and the number of digits, as in "pad(track, 3)", found %s`, p.found())
		}
		p.spaces()
		n, rest := leadingNumber(p.in[p.pos:])
		if n < 1 || n > 9 {
			return term{}, p.fail(p.pos, "expected a number of digits from 1 to 9, found %s", p.found())
		}
		t.digits, p.pos = n, len(p.in)-len(rest)
		p.spaces()
	}
	if !p.take(")") {
		return term{}, p.fail(p.pos, `expected ")", found %s`, p.found())
	}
	return t, nil
}

// upTo passes over what comes before a byte that ends it.
func (p *parser) upTo(end func(byte) bool) string {
	start := p.pos
	for p.pos < len(p.in) && !end(p.in[p.pos]) {
		p.pos++
	}
	return p.in[start:p.pos]
}

func letter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }
