package library

import (
	"slices"
	"strings"
	"unicode"
)

// part is one name in a layout.
type part struct {
	nodes []node
	start int // where it begins in the template
}

// node is a piece of a part: text, a value or a condition.
type node struct {
	text          string
	choice        []term
	before, after string

	condition       bool
	then, otherwise []node
	alternative     bool // there is an {else}
}

// term gives the values of a field, or of a function of another term.
type term struct {
	field  field // of the innermost term
	call   string
	inner  *term
	digits int
	pos    int
}

// maxText bounds what a part is made of; a name keeps far less.
const maxText = 16 * MaxName

// optional tells whether the part is nothing but a condition without alternative, so
// that it is left out when that is not met.
func (p part) optional() bool {
	return len(p.nodes) == 1 && p.nodes[0].condition && !p.nodes[0].alternative
}

// couldBe tells whether an optional part of an album's path has that name where it is not
// left out.
func (p part) couldBe(name string, a *album) bool {
	var b strings.Builder
	printAll(&b, p.nodes[0].then, &scope{album: a})
	return alike(CleanPart(b.String())) == alike(name)
}

// print gives the part's text, not yet cleaned, which is empty where no field has a
// value and nothing else can be read; false when the part is left out.
func (p part) print(s *scope) (text string, ok bool) {
	if p.optional() {
		if _, met := first(p.nodes[0].choice, s); !met {
			return "", false
		}
	}
	var b strings.Builder
	valued := printAll(&b, p.nodes, s)
	if text = b.String(); valued || len(printed(p.nodes)) == 0 || strings.ContainsFunc(text, readable) {
		return text, true
	}
	return "", true
}

func readable(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

// folder gives the name of a folder for the part; false when it is left out.
func (p part) folder(s *scope) (string, bool) {
	text, ok := p.print(s)
	if terms := printed(p.nodes); text == "" && ok && len(terms) > 0 {
		text = terms[0].field.unknown()
	}
	return CleanPart(text), ok
}

// prints tells whether the value of a field that matches can stand in the part.
func (p part) prints(match func(field) bool) bool {
	return slices.ContainsFunc(printed(p.nodes), func(t term) bool { return match(t.field) })
}

// printed lists the terms whose values can be printed.
func printed(nodes []node) (out []term) {
	for _, n := range values(nodes) {
		out = append(out, n.choice...)
	}
	return out
}

// values lists the nodes that print a value.
func values(nodes []node) (out []node) {
	for _, n := range nodes {
		switch {
		case n.condition:
			out = append(append(out, values(n.then)...), values(n.otherwise)...)
		case n.choice != nil:
			out = append(out, n)
		}
	}
	return out
}

// asked lists the terms of all conditions.
func asked(nodes []node) (out []term) {
	for _, n := range nodes {
		if n.condition {
			out = append(append(append(out, n.choice...), asked(n.then)...), asked(n.otherwise)...)
		}
	}
	return out
}

func printAll(b *strings.Builder, nodes []node, s *scope) (valued bool) {
	for i := range nodes {
		if b.Len() > maxText {
			break
		}
		if nodes[i].print(b, s) {
			valued = true
		}
	}
	return valued
}

// print writes the node and tells whether a field in it had a value.
func (n *node) print(b *strings.Builder, s *scope) bool {
	if n.choice == nil {
		b.WriteString(n.text)
		return false
	}
	value, ok := first(n.choice, s)
	switch {
	case n.condition && ok:
		return printAll(b, n.then, s)
	case n.condition:
		return printAll(b, n.otherwise, s)
	case !ok:
		return false
	}
	b.WriteString(n.before)
	b.WriteString(value)
	b.WriteString(n.after)
	return true
}

// first gives the first of the terms that has a value.
func first(choice []term, s *scope) (string, bool) {
	for i := range choice {
		if text := strings.Join(choice[i].values(s), "; "); text != "" {
			return text, true
		}
	}
	return "", false
}
