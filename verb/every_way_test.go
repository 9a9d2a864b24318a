package verb_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"mellium.im/xmpp/jid"

	"emanagement/verb"
)

// These tests prove that no way leads around the one check. TestEveryWay enumerates: each
// verb is requested by each front, through the same entry as on a server, for each grant. A
// verb's functions are replaced by recorders. They are called if and only if the rule of
// access permits it, which mayRun states a second time.
//
// No other way exists. The functions of a verb are in the unexported fields run and preview,
// so only package verb can call them. TestOneCallOfAVerb finds the calls there: one each, in
// Namespace.Run and in the function that Run calls after its checks.

// grantHosts are the hosts of the grants: every host, the host that most requests name,
// another one, both.
var grantHosts = [][]string{nil, {"a.example"}, {"b.example"}, {"a.example", "b.example"}}

// arguments are the arguments of a request and the hosts that they name. "all" stands for
// every host.
type arguments struct {
	name   string
	values map[string]string // by parameter
	hosts  []string
}

// argumentsOf returns the arguments with which a verb is requested: all at one host, in two
// spellings, and then each parameter in turn at another host, or at every host.
func argumentsOf(v *verb.Verb) []arguments {
	all := []arguments{withArguments(v, "a.example", "", ""), withArguments(v, "A.EXAMPLE.", "", "")}
	for _, p := range v.Params {
		switch p.Kind {
		case verb.User, verb.Contact, verb.Session, verb.Recipient, verb.Host:
			all = append(all, withArguments(v, "a.example", p.Name, "b.example"))
		case verb.Recipients:
			all = append(all, withArguments(v, "a.example", p.Name, "b.example"), withArguments(v, "a.example", p.Name, "both"))
		case verb.Sender:
			all = append(all, withArguments(v, "a.example", p.Name, "b.example"), withArguments(v, "a.example", p.Name, own))
		case verb.Domain, verb.RecipientsOrAll:
			all = append(all, withArguments(v, "a.example", p.Name, "b.example"), withArguments(v, "a.example", p.Name, "all"))
		}
	}
	return all
}

// withArguments returns arguments that name a host in each parameter, except one that names
// another.
func withArguments(v *verb.Verb, host, except, other string) arguments {
	a := arguments{name: fmt.Sprint(host, " ", except, " ", other), values: make(map[string]string)}
	for _, p := range v.Params {
		at := host
		if p.Name == except {
			at = other
		}
		value, named := "u-"+strings.ToLower(p.Name)+"@"+at, []string{strings.TrimSuffix(strings.ToLower(at), ".")}
		switch p.Kind {
		case verb.User, verb.Contact, verb.Session, verb.Recipient:
		case verb.Sender:
			if at == own { // an address of the component is at no host of the server
				named = nil
			}
		case verb.Recipients, verb.RecipientsOrAll:
			value = "[" + value + "]"
			if at == "both" {
				value, named = "[x@a.example,x@b.example]", []string{"a.example", "b.example"}
			}
			if at == "all" {
				value = at
			}
		case verb.Domain, verb.Host:
			value = at
		case verb.After:
			value, named = "z@c.example", nil
		case verb.Confirm:
			continue
		default:
			named = nil
			value = map[verb.Kind]string{verb.Subscription: "both", verb.Show: "away", verb.Affiliation: "member", verb.Priority: "5", verb.Number: "1"}[p.Kind]
			if value == "" {
				value = "word"
			}
		}
		a.values[p.Name] = value
		a.hosts = append(a.hosts, named...)
	}
	return a
}

// holding is a grant in the hands of a requester.
type holding struct {
	name      string
	isHis     bool // the grant is the requester's
	grant     verb.Grant
	requester jid.JID      // the bare JID, for the fronts of the stream
	process   verb.Process // for the control socket
}

// rank orders the roles.
func rank(r verb.Role) int { return slices.Index([]string{"read", "write", "admin"}, r.String()) }

// mayRun is the rule of access: the grant is the requester's, its role suffices, and its
// hosts include every host that the request names. A request that names no host concerns
// every host, unless the verb concerns none.
func mayRun(v *verb.Verb, h holding, a arguments) bool {
	if !h.isHis || rank(h.grant.Role) < rank(v.Role) {
		return false
	}
	if v.Hostless || len(h.grant.Hosts) == 0 {
		return true
	}
	for _, host := range a.hosts {
		if !slices.Contains(h.grant.Hosts, host) {
			return false
		}
	}
	return len(a.hosts) > 0
}

// mayFind reports whether the requester may run the verb with some arguments.
func mayFind(v *verb.Verb, h holding) bool {
	some := arguments{hosts: h.grant.Hosts}
	if len(argumentsOf(v)[0].hosts) == 0 {
		some.hosts = nil
	}
	return mayRun(v, h, some)
}

// attempt is a request by one front.
type attempt struct {
	holding
	arguments
}

// ways are the requests for one verb, on a namespace of their own, and the requesters for
// which its functions were called. Each requester makes one request by each front.
type ways struct {
	verb      *verb.Verb
	namespace *verb.Namespace
	attempts  []attempt

	mu  sync.Mutex
	ran map[string]bool // by requester
}

// newWays returns the requests for a verb. number makes the requesters of each request.
func newWays(v *verb.Verb, holdings func(number int, role verb.Role, hosts []string) []holding) *ways {
	w := &ways{verb: v, ran: make(map[string]bool)}
	var grants []verb.Grant
	for _, a := range argumentsOf(v) {
		for _, role := range []verb.Role{verb.Admin, verb.Write, verb.Read} {
			for _, hosts := range grantHosts {
				strongest := role == verb.Admin && hosts == nil
				for _, h := range holdings(len(w.attempts), role, hosts) {
					if !h.isHis && !strongest { // if the strongest grant is of no use, no other is
						continue
					}
					w.attempts = append(w.attempts, attempt{h, a})
					grants = append(grants, h.grant)
				}
			}
		}
	}
	w.namespace = newNamespace(new(memory), grants...)
	w.namespace.Replace(func(ran *verb.Verb, r verb.Requester) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.ran[ran.Name+" "+r.String()] = true
	})
	return w
}

// check compares the recorded calls with the rule. requester returns the name under which
// each front makes an attempt.
func (w *ways) check(t *testing.T, requesters func(attempt) []string) {
	w.namespace.Flush()
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, a := range w.attempts {
		for _, requester := range requesters(a) {
			key := w.verb.Name + " " + requester
			assert.Equal(t, mayRun(w.verb, a.holding, a.arguments), w.ran[key], "%s by %s: %s with %v", key, a.holding.name, a.arguments.name, a.grant)
			delete(w.ran, key)
		}
	}
	assert.Empty(t, w.ran, "nothing else ran")
}

// TestEveryWay requests every verb by every front, under every grant.
func TestEveryWay(t *testing.T) {
	t.Parallel()
	for _, v := range verb.Verbs() {
		t.Run(v.Name, func(t *testing.T) {
			t.Run("ad-hoc and chat", func(t *testing.T) { t.Parallel(); byStream(t, v) })
			t.Run("control", func(t *testing.T) { t.Parallel(); byControl(t, v) })
		})
	}
}

// TestOneCallOfAVerb finds the calls of the functions of verbs.
func TestOneCallOfAVerb(t *testing.T) {
	callers := make(map[string][]string) // of each function of a verb
	files := token.NewFileSet()
	names, err := filepath.Glob("*.go")
	require.NoError(t, err)
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(files, name, nil, 0)
		require.NoError(t, err)
		for _, d := range file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok {
				continue
			}
			ast.Inspect(f, func(n ast.Node) bool {
				if s, ok := n.(*ast.SelectorExpr); ok && slices.Contains([]string{"run", "preview"}, s.Sel.Name) {
					callers[s.Sel.Name] = append(callers[s.Sel.Name], f.Name.Name)
				}
				return true
			})
		}
	}
	assert.Equal(t, []string{"Run"}, callers["run"])
	assert.Equal(t, []string{"checkConfirmation", "checkConfirmation"}, callers["preview"], "a comparison with nil, and the call")
}
