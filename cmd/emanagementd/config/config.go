// Package config reads the program's configuration: a YAML file, and
// environment variables that count more.
package config

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"mellium.im/xmpp/jid"

	"emanagement/component"
	"emanagement/oserror"
	"emanagement/server/ejabberd"
	"emanagement/verb"
	"emanagement/verb/suggest"
	"emanagement/xmpp/address"
)

// Config is a checked configuration.
type Config struct {
	JID    jid.JID // the component's domain
	Server string  // see component.CheckAddress
	Secret []byte  // shared with the server
	State  string  // folder for what the component keeps
	Audit  string  // file of the audit log; empty: the program's log
	// Control is the path of the control socket; empty: there is none. Only
	// where Fixed is it an error that it cannot be there.
	Control Socket
	Hosts   []string // to serve; empty: every host that grants access
	// MaxStanza is how many bytes the server takes in one stanza; 0: not known.
	MaxStanza int
	Access    []verb.Grant
	API       ejabberd.Endpoint // without a URL: there is none
}

// file is the configuration as it is written.
type file struct {
	JID        string   `yaml:"jid"`
	Server     string   `yaml:"server"`
	Secret     string   `yaml:"-"` // only from the environment
	SecretFile string   `yaml:"secret_file"`
	State      string   `yaml:"state"`
	Audit      string   `yaml:"audit"`
	Control    string   `yaml:"control"`
	Group      string   `yaml:"control_group"`
	MaxStanza  int      `yaml:"max_stanza_size"`
	Hosts      []string `yaml:"hosts"`
	Access     []access `yaml:"access"`
	API        api      `yaml:"api"`
}

type access struct {
	JID         string   `yaml:"jid"`
	UID         *uint32  `yaml:"uid"`
	GID         *uint32  `yaml:"gid"`
	Role        string   `yaml:"role"`
	Hosts       []string `yaml:"hosts"`
	Unconfirmed []string `yaml:"unconfirmed"`
}

// The environment variables and the keys they stand for.
const (
	envJID        = "EMANAGEMENT_JID"
	envServer     = "EMANAGEMENT_SERVER"
	envSecret     = "EMANAGEMENT_SECRET"
	envSecretFile = "EMANAGEMENT_SECRET_FILE"
	envState      = "EMANAGEMENT_STATE"
	envAudit      = "EMANAGEMENT_AUDIT"
	envControl    = "EMANAGEMENT_CONTROL"
	envGroup      = "EMANAGEMENT_CONTROL_GROUP"
	envHosts      = "EMANAGEMENT_HOSTS"
	envAPIURL     = "EMANAGEMENT_API_URL"
)

// minStanza is the least that max_stanza_size may be, in bytes.
const minStanza = 10_000

// Load reads the configuration from a file and the environment, and the secret
// from its file. The error is one sentence that names the file or variable and
// the key.
func Load(path string, getenv func(string) string) (Config, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return Config{}, oserror.File(path, err)
	}
	f, err := parse(text)
	if err != nil {
		return Config{}, fmt.Errorf("%s: %w", path, err)
	}
	from := f.override(path, getenv)
	c, key, err := f.check()
	if err != nil {
		where, ok := from[key]
		if !ok {
			where = path
		}
		return Config{}, fmt.Errorf("%s: %s: %w", where, key, err)
	}
	return c, nil
}

// override takes over what the environment says, and returns where each key
// that it sets came from.
func (f *file) override(path string, getenv func(string) string) (from map[string]string) {
	from = make(map[string]string)
	take := func(env, key string, into *string) {
		if v := getenv(env); v != "" {
			*into, from[key] = v, "environment variable "+env
		}
	}
	take(envJID, "jid", &f.JID)
	take(envServer, "server", &f.Server)
	take(envSecret, "secret_file", &f.Secret)
	take(envSecretFile, "secret_file", &f.SecretFile)
	take(envState, "state", &f.State)
	take(envAudit, "audit", &f.Audit)
	take(envControl, "control", &f.Control)
	take(envGroup, "control_group", &f.Group)
	take(envAPIURL, "api.url", &f.API.URL)
	var hosts string
	take(envHosts, "hosts", &hosts)
	if hosts != "" {
		f.Hosts = strings.FieldsFunc(hosts, func(r rune) bool { return r == ',' || r == ' ' })
		if len(f.Hosts) == 0 {
			f.Hosts = []string{hosts} // no host is not every host
		}
	}
	return from
}

// check turns what was written into a Config, or says which key is wrong.
func (f *file) check() (c Config, key string, err error) {
	if c.JID, err = domain(f.JID); err != nil {
		return c, "jid", err
	}
	if f.Server == "" {
		return c, "server", errors.New("missing; where the server listens for the component, such as 127.0.0.1:5347")
	}
	if err := component.CheckAddress(f.Server); err != nil {
		return c, "server", err
	}
	if c.Secret, err = f.secret(); err != nil {
		return c, "secret_file", err
	}
	for _, h := range f.Hosts {
		d, err := domain(h)
		if err != nil {
			return c, "hosts", err
		}
		c.Hosts = append(c.Hosts, d.String())
	}
	for i, a := range f.Access {
		g, key, err := a.check()
		if err != nil {
			return c, fmt.Sprintf("access[%d].%s", i, key), err
		}
		c.Access = append(c.Access, g)
	}
	if c.API, key, err = f.API.check(); err != nil {
		return c, "api." + key, err
	}
	if c.Control, err = socket(f.Control); err != nil {
		return c, "control", err
	}
	if c.Control.Group, err = group(f.Group); err != nil {
		return c, "control_group", err
	}
	if c.MaxStanza = f.MaxStanza; c.MaxStanza < 0 || c.MaxStanza > 0 && c.MaxStanza < minStanza {
		return c, "max_stanza_size", fmt.Errorf("%d is less than the %d bytes that an answer needs", c.MaxStanza, minStanza)
	}
	c.Server, c.State, c.Audit = f.Server, f.State, f.Audit
	return c, "", nil
}

func (a access) check() (g verb.Grant, key string, err error) {
	if key, err := a.who(&g); err != nil {
		return g, key, err
	}
	if g.Role, err = verb.ParseRole(a.Role); err != nil {
		return g, "role", err
	}
	for _, h := range a.Hosts {
		d, err := domain(h)
		if err != nil {
			return g, "hosts", err
		}
		g.Hosts = append(g.Hosts, d.String())
	}
	verbs := verb.Verbs()
	for _, name := range a.Unconfirmed {
		i := slices.IndexFunc(verbs, func(v *verb.Verb) bool { return v.Name == name && v.Destroys() })
		switch {
		case i < 0:
			return g, "unconfirmed", fmt.Errorf("%q is not a verb that wants to be confirmed", name)
		case verbs[i].Role > g.Role:
			return g, "unconfirmed", fmt.Errorf("%s takes the role %s, which this entry has not", name, verbs[i].Role)
		}
	}
	g.Unconfirmed = a.Unconfirmed
	return g, "", nil
}

// who reads whom an entry is for: a JID, a user or a group of this machine.
func (a access) who(g *verb.Grant) (key string, err error) {
	named := 0
	for _, is := range []bool{a.JID != "", a.UID != nil, a.GID != nil} {
		if is {
			named++
		}
	}
	switch {
	case named == 0:
		return "jid", errors.New("missing (or uid, or gid)")
	case named > 1:
		return "jid", errors.New("an entry is for a jid, a uid or a gid, not for two of them")
	}
	g.UID, g.GID = a.UID, a.GID
	if a.JID == "" {
		return "", nil
	}
	if g.JID, err = address.Parse(a.JID); err != nil {
		return "jid", fmt.Errorf("%q is %w", a.JID, err)
	}
	if g.JID.Resourcepart() != "" {
		return "jid", fmt.Errorf("%q has a resource; an account is meant at any of its resources", a.JID)
	}
	return "", nil
}

// domain reads a domain. It keeps its spelling, but for capitals: a server knows
// a component, and a host, by one alone.
func domain(s string) (jid.JID, error) {
	if s == "" {
		return jid.JID{}, errors.New("missing")
	}
	if _, err := address.ParseDomain(s); err != nil {
		return jid.JID{}, fmt.Errorf("%q is not a domain", s)
	}
	return address.Domain(strings.ToLower(s)), nil
}

// secret is what the environment says, else what the file has.
func (f *file) secret() ([]byte, error) {
	if f.Secret != "" {
		return secretLine([]byte(f.Secret))
	}
	if f.SecretFile == "" {
		return nil, fmt.Errorf("missing (or set %s)", envSecret)
	}
	secret, err := SecretIn(f.SecretFile)
	if _, open := errors.AsType[*openError](err); open {
		err = fmt.Errorf("%w, or give the secret itself in the environment variable %s", err, envSecret)
	}
	return secret, err
}

// openError is a file with a secret that others can read.
type openError struct {
	file string
	mode fs.FileMode
}

func (e *openError) Error() string {
	return fmt.Sprintf("%s: others can read it (mode %04o); chmod 600 it; where its mode cannot be changed, as that of a secret that is mounted into a container, make a copy", e.file, e.mode)
}

// SecretIn is the one line in a file, which nobody but its owner and group may
// read, without white space around it. The error names the file.
func SecretIn(file string) ([]byte, error) {
	info, err := os.Stat(file)
	if err != nil {
		return nil, oserror.File(file, err)
	}
	if info.Mode().Perm()&0o007 != 0 {
		return nil, &openError{file, info.Mode().Perm()}
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, oserror.File(file, err)
	}
	secret, err := secretLine(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return secret, nil
}

// secretLine is the one line of a text. Editors and shells leave a mark at the
// beginning and an end of line, which are no part of it.
func secretLine(text []byte) ([]byte, error) {
	if err := isText(text); err != nil {
		return nil, err
	}
	secret := bytes.TrimSpace(bytes.TrimPrefix(text, bom))
	switch {
	case len(secret) == 0:
		return nil, errors.New("empty")
	case bytes.ContainsAny(secret, "\r\n"):
		return nil, errors.New("more than one line")
	case bytes.ContainsRune(secret, nbsp):
		return nil, errors.New("it holds a no-break space (U+00A0), which looks like a blank and is none")
	}
	return secret, nil
}

// plain words an error about a file as object: what happened.
func plain(err error) error {
	if e, ok := errors.AsType[*os.PathError](err); ok {
		return fmt.Errorf("%s: %w", e.Path, e.Err)
	}
	return err
}

var bom = []byte("\uFEFF")

const nbsp = '\u00A0'

// isText refuses what is not UTF-8, and says what it seems to be.
func isText(text []byte) error {
	switch {
	case bytes.HasPrefix(text, []byte{0xff, 0xfe}), bytes.HasPrefix(text, []byte{0xfe, 0xff}), bytes.IndexByte(text, 0) >= 0:
		return errors.New("it is not UTF-8 but seems to be UTF-16; save it as UTF-8")
	case !utf8.Valid(text):
		line := 1 + bytes.Count(text[:validLength(text)], []byte("\n"))
		return fmt.Errorf("line %d: it is not UTF-8 but seems to be Latin-1 (ISO 8859-1, Windows-1252); save it as UTF-8", line)
	}
	return nil
}

// validLength is how much of a text is UTF-8.
func validLength(text []byte) (n int) {
	for n < len(text) {
		r, size := utf8.DecodeRune(text[n:])
		if r == utf8.RuneError && size == 1 {
			break
		}
		n += size
	}
	return n
}

// parse reads the YAML. The error names the line, and the key where there is
// one.
func parse(text []byte) (f file, err error) {
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
