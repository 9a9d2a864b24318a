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

	"emanagement/verb/suggest"
)

// Parse reads the YAML. The error names the line, and the key if there is one.
func Parse(text []byte) (f File, err error) {
	if err := isText(text); err != nil {
		return f, err
	}
	text = bytes.TrimPrefix(text, bom)
	if err := plainMistakes(text); err != nil {
		return f, err
	}
	tree, err := parser.ParseBytes(text, 0)
	if err != nil {
		return f, syntax(err, nil)
	}
	if len(tree.Docs) > 1 {
		return f, errors.New("there is more than one document in it")
	}
	root := tree.Docs[0].Body
	if root == nil { // nothing but comments
		return f, nil
	}
	if err := yaml.NodeToValue(root, &f, yaml.DisallowUnknownField()); err != nil {
		return f, syntax(err, root)
	}
	return f, cmp.Or(noEmptyHosts(root), wholeNumbers(root))
}

// syntax puts an error of the YAML reader into one line.
func syntax(err error, root ast.Node) error {
	e, ok := errors.AsType[yaml.Error](err)
	if !ok {
		return err
	}
	token := e.GetToken()
	message := strings.Join(strings.Fields(e.GetMessage()), " ")
	switch e.(type) {
	case *yaml.UnknownFieldError:
		message = fmt.Sprintf("unknown key %q", token.Value)
		switch meant := suggest.Word(token.Value, keys()); meant {
		case "":
		case token.Value:
			message = fmt.Sprintf("the key %q does not belong here; 'emanagement help' shows where", token.Value)
		default:
			message += "; did you mean " + meant + "?"
		}
	case *yaml.OverflowError:
		n := find(root, func(n ast.Node) bool { return n.GetToken() == token })
		message = fmt.Sprintf("%s%s is out of range", key(n), token.Value)
	case *yaml.TypeError, *yaml.UnexpectedNodeTypeError:
		n := find(root, func(n ast.Node) bool { return n.GetToken() == token })
		message = fmt.Sprintf("%sa %s cannot stand here", key(n), kind(n))
	}
	return fmt.Errorf("line %d: %s", token.Position.Line, message)
}

// noEmptyHosts refuses hosts that are there but name none: left out, they
// mean all of them.
func noEmptyHosts(root ast.Node) error {
	n := find(root, func(n ast.Node) bool {
		list, ok := n.(*ast.SequenceNode)
		return strings.HasSuffix(n.GetPath(), ".hosts") && (n.Type() == ast.NullType || ok && len(list.Values) == 0)
	})
	if n == nil {
		return nil
	}
	return fmt.Errorf("line %d: %sempty; name hosts, or leave it out for all of them", n.GetToken().Position.Line, key(n))
}

// wholeNumbers refuses fractions, of which the YAML reader takes the whole part.
func wholeNumbers(root ast.Node) error {
	n := find(root, func(n ast.Node) bool { return n.Type() == ast.FloatType })
	if n == nil {
		return nil
	}
	return fmt.Errorf("line %d: %s%s is not a whole number", n.GetToken().Position.Line, key(n), n.GetToken().Value)
}

// find returns the first node that is so, nil where none is.
func find(root ast.Node, so func(ast.Node) bool) ast.Node {
	f := finder{so: so}
	ast.Walk(&f, root)
	return f.found
}

type finder struct {
	so    func(ast.Node) bool
	found ast.Node
}

// Visit implements ast.Visitor.
func (f *finder) Visit(n ast.Node) ast.Visitor {
	if f.found == nil && f.so(n) {
		f.found = n
	}
	return f
}

// key is where a node stands, as check names it, with a colon; empty for the
// root.
func key(n ast.Node) string {
	path := strings.TrimPrefix(strings.TrimPrefix(n.GetPath(), "$"), ".")
	if path == "" {
		return ""
	}
	return path + ": "
}

// kind names what was found in the words of YAML.
func kind(n ast.Node) string {
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
