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

// Config is the text that the README tells administrators to merge into their
// ejabberd.yml. The servers here start with that very text, merged into a
// small server's own.
//
//go:embed ejabberd.yml
var Config string

// ConfigHTTP is the same for an ejabberd before 25.03.
//
//go:embed ejabberd-http.yml
var ConfigHTTP string

//go:embed base.yml
var base string

// The names and the secret in these, and what stands for them here.
const (
	documentedComponent = "emanagement.example.org"
	documentedSecret    = "CHANGE ME"
	documentedPort      = "port: 5347"
	documentedAPIPort   = "port: 5281"

	// Component is the domain under which a component connects.
	Component = "emanagement.localhost"
	// Secret is that component's.
	Secret = "it's <not> a \"secret\" & yet"
	// OtherComponent is a second component, without any privileges.
	OtherComponent = "rails.localhost"
	// OtherSecret is the second component's.
	OtherSecret = "other-secret"
)

// Hosts are those of every server here, as base.yml names them.
func Hosts() []string { return []string{"example.org", "localhost"} }

// ports are those of one server, all on 127.0.0.1.
type ports struct {
	c2s, component, tls, other, http, api, dist int

	stock [stockListeners]int // of the listeners in Debian's own file
}

// stockConfig is the ejabberd.yml that Debian ships with an ejabberd, below its
// root.
const stockConfig = "/etc/ejabberd/ejabberd.yml"

// stockListeners is how many listeners that may have.
const stockListeners = 12

// StockText is Debian's own ejabberd.yml of the kind, as it was installed.
func (k Kind) StockText() ([]byte, error) {
	p, err := find(k.version())
	if err != nil {
		return nil, err
	}
	return os.ReadFile(filepath.Join(p.root, stockConfig))
}

// Stock is what it says.
func (k Kind) Stock() (config map[string]any, err error) {
	text, err := k.StockText()
	if err != nil {
		return nil, err
	}
	return config, yaml.Unmarshal(text, &config)
}

// onLoopback moves the listeners of a configuration to other ports, of 127.0.0.1
// alone.
func onLoopback(config map[string]any, ports []int) error {
	listeners, _ := config["listen"].([]any)
	if len(listeners) > len(ports) {
		return fmt.Errorf("%d listeners, and %d ports", len(listeners), len(ports))
	}
	for i, l := range listeners {
		listener := l.(map[string]any)
		listener["port"], listener["ip"] = ports[i], "127.0.0.1"
	}
	return nil
}

// configuration is the whole ejabberd.yml of one server, whose folder is dir. It is
// what an administrator may have made of stock, which may be empty.
func configuration(dir string, k Kind, p ports, stock map[string]any, edit func(map[string]any)) ([]byte, error) {
	yml, err := yaml.Marshal(Secret)
	if err != nil {
		return nil, err
	}
	secret := strings.TrimSpace(string(yml))
	own := strings.NewReplacer(
		"DIR", dir, "COMPONENT", Component, "SECRET", secret,
		"C2S", strconv.Itoa(p.c2s), "OTHER", strconv.Itoa(p.other), "HTTP", strconv.Itoa(p.http), "TLS", strconv.Itoa(p.tls),
	).Replace(base)
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
	for _, text := range k.texts() {
		if err := Merge(whole, documented.Replace(text)); err != nil {
			return nil, fmt.Errorf("%s: %w", k, err)
		}
	}
	if edit != nil {
		edit(whole)
	}
	return yaml.Marshal(whole)
}

// Merge merges one of the texts into a configuration, as an administrator is asked
// to.
func Merge(config map[string]any, text string) error {
	var addition map[string]any
	if err := yaml.Unmarshal([]byte(text), &addition); err != nil {
		return err
	}
	merge(config, addition)
	return nil
}

// merge does what the comments in the texts ask of an administrator: a section
// that exists takes the new lines in, and a list grows.
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
				continue // a list of one says the same
			}
		}
		into[key] = value
	}
}
