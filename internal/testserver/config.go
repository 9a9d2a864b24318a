package testserver

import (
	_ "embed"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
)

// Config is the text that administrators merge into their ejabberd.yml according
// to docs/install.md. The servers of this package start with the same text, merged
// into the configuration of a small server.
//
//go:embed ejabberd.yml
var Config string

// ConfigHTTP is that text for an ejabberd before 25.03 (docs/ejabberd-versions.md).
//
//go:embed ejabberd-http.yml
var ConfigHTTP string

//go:embed base.yml
var baseConfig string

// The placeholders in these texts, and the values of the servers in this package.
const (
	documentedComponent = "emanagement.example.org"
	documentedSecret    = "CHANGE ME"
	documentedPort      = "port: 5347"
	documentedAPIPort   = "port: 5281"

	// Component is the domain of the documented component.
	Component = "emanagement.localhost"
	// Secret is the secret of that component.
	Secret = "it's <not> a \"secret\" & yet"
	// OtherComponent is the domain of a second component, without any privileges.
	OtherComponent = "rails.localhost"
	// OtherSecret is the secret of the second component.
	OtherSecret = "other-secret"
)

// Hosts returns the hosts of every server, as base.yml names them.
func Hosts() []string { return []string{"example.org", "localhost"} }

// ports are the ports of one server, all on 127.0.0.1.
type ports struct {
	c2s, component, tls, other, http, api, dist int

	stock [stockListeners]int // for the listeners in Debian's own file
}

// stockConfig is the path of the ejabberd.yml that Debian ships, below the root
// folder of an ejabberd.
const stockConfig = "/etc/ejabberd/ejabberd.yml"

// stockListeners is how many listeners that file may have at most.
const stockListeners = 12

// StockText returns Debian's own ejabberd.yml of the kind, as installed. The
// error is ErrMissing if there is no such ejabberd.
func (k Kind) StockText() ([]byte, error) {
	p, err := findEjabberd(k.version())
	if err != nil {
		return nil, err
	}
	return os.ReadFile(filepath.Join(p.root, stockConfig))
}

// Stock returns the parsed StockText.
func (k Kind) Stock() (config map[string]any, err error) {
	text, err := k.StockText()
	if err != nil {
		return nil, err
	}
	return config, yaml.Unmarshal(text, &config)
}

// onLoopback moves the listeners of a configuration to other ports, on
// 127.0.0.1 only.
func onLoopback(config map[string]any, ports []int) error {
	listeners, _ := config["listen"].([]any)
	if len(listeners) > len(ports) {
		return fmt.Errorf("%d listeners but only %d ports", len(listeners), len(ports))
	}
	for i, l := range listeners {
		listener := l.(map[string]any)
		listener["port"], listener["ip"] = ports[i], "127.0.0.1"
	}
	return nil
}

// configuration returns the whole ejabberd.yml of one server with the folder
// dir: stock, which may be nil, merged with base.yml and with the documented
// texts, as an administrator would do it.
func configuration(dir string, k Kind, p ports, stock map[string]any, edit func(map[string]any)) ([]byte, error) {
	yml, err := yaml.Marshal(Secret)
	if err != nil {
		return nil, err
	}
	secret := strings.TrimSpace(string(yml))
	own := strings.NewReplacer(
		"DIR", dir, "COMPONENT", Component, "SECRET", secret,
		"C2S", strconv.Itoa(p.c2s), "OTHER", strconv.Itoa(p.other), "HTTP", strconv.Itoa(p.http), "TLS", strconv.Itoa(p.tls),
	).Replace(baseConfig)
	documented := strings.NewReplacer(
		documentedComponent, Component,
		`"`+documentedSecret+`"`, secret,
		documentedPort, fmt.Sprintf("port: %d", p.component),
		documentedAPIPort, fmt.Sprintf("port: %d", p.api),
	)
	whole := make(map[string]any)
	if stock != nil {
		whole = stock
		if err := onLoopback(whole, p.stock[:]); err != nil {
			return nil, err
		}
		whole["certfiles"] = []any{dir + "/" + certFile}
	}
	var small map[string]any
	if err := yaml.Unmarshal([]byte(own), &small); err != nil {
		return nil, fmt.Errorf("base.yml: %w", err)
	}
	merge(whole, small)
	for _, text := range k.documentedTexts() {
		if err := Merge(whole, documented.Replace(text)); err != nil {
			return nil, fmt.Errorf("%s: %w", k, err)
		}
	}
	if edit != nil {
		edit(whole)
	}
	return yaml.Marshal(whole)
}

// Merge merges one of the documented texts into a configuration, as an
// administrator would.
func Merge(config map[string]any, text string) error {
	var addition map[string]any
	if err := yaml.Unmarshal([]byte(text), &addition); err != nil {
		return err
	}
	merge(config, addition)
	return nil
}

// merge follows the comments in the documented texts: lines are added to an
// existing section, and a list grows.
func merge(into, from map[string]any) {
	for key, value := range from {
		switch value := value.(type) {
		case map[string]any:
			if section, ok := into[key].(map[string]any); ok && key != "configure" {
				merge(section, value)
				continue
			}
		case []any:
			if list, ok := into[key].([]any); ok {
				for _, v := range value {
					if !slices.ContainsFunc(list, func(old any) bool { return reflect.DeepEqual(old, v) }) {
						list = append(list, v)
					}
				}
				into[key] = list
				continue
			}
		default:
			if reflect.DeepEqual(into[key], []any{value}) {
				continue // a list of this one value means the same
			}
		}
		into[key] = value
	}
}
