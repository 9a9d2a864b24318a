package configfile

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"emanagement/verb/suggest"
)

// Parse reads the YAML of a configuration. The error is one line, which names the line
// of the file, and the key if there is one.
func Parse(text []byte) (f File, err error) {
	if err := checkUTF8(text); err != nil {
		return f, err
	}
	text = bytes.TrimPrefix(text, bom)
	if err := checkCommonMistakes(text); err != nil {
		return f, err
	}
	var tree *ast.File
	err = guard(func() (err error) {
		tree, err = parser.ParseBytes(text, 0)
		return err
	})
	if err != nil {
		return f, oneLineError(err, nil)
	}
	if len(tree.Docs) > 1 {
		return f, errors.New("it has more than one YAML document")
	}
	if len(tree.Docs) == 0 || tree.Docs[0].Body == nil { // nothing but comments
		return f, nil
	}
	root := tree.Docs[0].Body
	err = guard(func() error { return yaml.NodeToValue(root, &f, yaml.DisallowUnknownField()) })
	if err != nil {
		return File{}, oneLineError(err, root)
	}
	return f, cmp.Or(checkHosts(root), checkWholeNumbers(root))
}

// errUnreadable means that the YAML library has panicked. It does so for odd texts, such
// as hosts: !!null x.
var errUnreadable = errors.New("look at its tags (!), anchors (&) and aliases (*)")

// guard calls the YAML library.
func guard(library func() error) (err error) {
	defer func() {
		if recover() != nil {
			err = errUnreadable
		}
	}()
	return library()
}

// oneLineError words an error of the YAML library in one line. The library's own texts
// show an excerpt of the file, and name Go types in place of the key. Its errors have
// only a token, so the key is looked up in the tree. root may be nil if err comes from
// the parser.
func oneLineError(err error, root ast.Node) error {
	e, ok := errors.AsType[yaml.Error](err)
	if !ok {
		return fmt.Errorf("it cannot be read as YAML: %w", err)
	}
	t := e.GetToken()
	switch e.(type) {
	case *yaml.UnknownFieldError:
		return fmt.Errorf("line %d: %s", t.Position.Line, unknownKey(t.Value))
	case *yaml.OverflowError:
		return errorAt(nodeOf(root, t), t.Value+" is out of range")
	case *yaml.TypeError, *yaml.UnexpectedNodeTypeError:
		n := nodeOf(root, t)
		return errorAt(n, "a "+typeName(n)+" is not allowed here")
	}
	return fmt.Errorf("line %d: %s", t.Position.Line, strings.Join(strings.Fields(e.GetMessage()), " "))
}

// unknownKey describes a key that stands in the wrong place or does not exist.
func unknownKey(key string) string {
	switch similar := suggest.Word(key, knownKeys()); similar {
	case "":
		return fmt.Sprintf("unknown key %q", key)
	case key:
		return fmt.Sprintf("the key %q is not allowed here; 'emanagementd help' shows its place", key)
	default:
		return fmt.Sprintf("unknown key %q; did you mean %s?", key, similar)
	}
}

// checkHosts refuses a key hosts without hosts. Without the key a default is meant, so an
// empty list may be a mistake.
func checkHosts(root ast.Node) error {
	n := findNode(root, func(n ast.Node) bool {
		list, ok := n.(*ast.SequenceNode)
		return strings.HasSuffix(n.GetPath(), ".hosts") && (n.Type() == ast.NullType || ok && len(list.Values) == 0)
	})
	if n == nil {
		return nil
	}
	if n.GetPath() == "$.hosts" {
		return errorAt(n, "empty; name hosts, or leave out the key for the parent domain of jid")
	}
	return errorAt(n, "empty; name hosts, or leave out the key for all hosts")
}

// checkWholeNumbers refuses fractions, because the YAML library cuts them to integers.
func checkWholeNumbers(root ast.Node) error {
	if fractions := ast.Filter(ast.FloatType, root); len(fractions) > 0 {
		return errorAt(fractions[0], fractions[0].GetToken().Value+" is not a whole number")
	}
	return nil
}

// errorAt returns an error about a node, with its line and its key. The key has the form
// access[0].hosts; the root has none.
func errorAt(n ast.Node, message string) error {
	line := n.GetToken().Position.Line
	key := strings.TrimPrefix(strings.TrimPrefix(n.GetPath(), "$"), ".")
	if key == "" {
		return fmt.Errorf("line %d: %s", line, message)
	}
	return fmt.Errorf("line %d: %s: %s", line, key, message)
}

// nodeOf returns the first node that begins with a token.
func nodeOf(root ast.Node, t *token.Token) ast.Node {
	return findNode(root, func(n ast.Node) bool { return n.GetToken() == t })
}

// findNode returns the first node that matches, or nil if there is none.
func findNode(root ast.Node, matches func(ast.Node) bool) (found ast.Node) {
	ast.Walk(visitor(func(n ast.Node) {
		if found == nil && matches(n) {
			found = n
		}
	}), root)
	return found
}

// visitor is an ast.Visitor that visits every node.
type visitor func(ast.Node)

// Visit implements ast.Visitor.
func (v visitor) Visit(n ast.Node) ast.Visitor {
	v(n)
	return v
}

// typeName names a node's type in the words of an administrator.
func typeName(n ast.Node) string {
	switch n.Type() {
	case ast.SequenceType:
		return "list"
	case ast.MappingType, ast.MappingValueType:
		return "map"
	case ast.StringType, ast.LiteralType:
		return "text"
	case ast.IntegerType, ast.FloatType:
		return "number"
	}
	return strings.ToLower(n.Type().String())
}
