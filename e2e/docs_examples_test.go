package e2e_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"mellium.im/xmpp/stanza"

	"emanagement/internal/testserver"
	"emanagement/internal/xmppclient"
)

// docsDeployment runs the examples of the pages. The host localhost takes the place of
// example.org, and the test's control socket and server that of the documented ones.
type docsDeployment struct {
	*testserver.Server
	program *testserver.Program
	admin   *xmppclient.Client
}

// documentedInstallation are the pages whose commands install the component:
// TestDocsInstallation runs them.
func documentedInstallation() []string {
	return []string{"README.md", "docs/install.md", "docs/operations.md"}
}

// TestDocsExamples runs every example of the pages, as it is printed.
func TestDocsExamples(t *testing.T) {
	t.Parallel()
	place := newDeployment(t, testserver.AdHoc, nil)
	d := &docsDeployment{place.Server, place.program, loginTo(t, place.Server, "admin@localhost")}
	registerOn(t, place.Server, "demo@localhost")
	demo := loginTo(t, place.Server, "demo@localhost")
	require.NoError(t, demo.Send(t.Context(), "<presence/>"))
	run := map[string]func(*testing.T, string){
		"chat": d.chat, "console": d.console, "json": d.json, "ruby": d.ruby, "sh": d.sh, "xml": d.xml,
	}
	for _, page := range handWrittenPages(t) {
		for _, b := range codeBlocks(t, page) {
			if run[b.lang] == nil || b.lang == "sh" && slices.Contains(documentedInstallation(), page) {
				continue
			}
			t.Run(fmt.Sprintf("%s:%d", filepath.Base(page), b.line), func(t *testing.T) {
				for _, user := range []string{"demo@localhost", "pamela-hall@localhost"} {
					emanagement(t, d.program, "removeRoster", user)
				}
				run[b.lang](t, d.local(b.text))
			})
		}
	}
}

// local adapts a documented text to the test's server.
func (d *docsDeployment) local(text string) string {
	return strings.NewReplacer("xmpp.example.org:5222", d.ClientAddr(), "example.org", "localhost",
		"/run/emanagement/control.sock", d.program.Control()).Replace(text)
}

func (d *docsDeployment) shell(t *testing.T, script string) cliResult {
	c := exec.CommandContext(shortContext(t), "sh", "-ec", script)
	c.Env = append(os.Environ(), "PATH="+filepath.Dir(binary)+":"+os.Getenv("PATH"),
		"EMANAGEMENT_CONTROL="+d.program.Control(), "EMANAGEMENT_PASSWORD=pw")
	return runCommand(t, c)
}

// sh runs commands that must succeed, for a user who has one contact.
func (d *docsDeployment) sh(t *testing.T, text string) {
	require.Equal(t, 0, emanagement(t, d.program, "addBuddyToRoster", "demo@localhost", "lois-johnson@localhost", "", "", "both").status)
	got := d.shell(t, text)
	assert.Equal(t, 0, got.status, got.err)
	assert.Empty(t, got.err)
	assert.NotContains(t, got.out, `"error"`)
}

// console runs the commands after each "$ ", and compares what they print.
func (d *docsDeployment) console(t *testing.T, text string) {
	parts := regexp.MustCompile(`(?m)^\$ `).Split(text, -1)
	require.Empty(t, parts[0])
	for _, part := range parts[1:] {
		command, want, _ := strings.Cut(part, "\n")
		got := d.shell(t, command)
		assert.Equal(t, want, withLineEnd(got.out), command)
		assert.Empty(t, got.err, command)
	}
}

// withLineEnd is a text as a terminal shows it before the next prompt.
func withLineEnd(text string) string { return strings.TrimRight(text, "\n") + "\n" }

// chat sends each line to the component. The indented lines below it are the answer.
func (d *docsDeployment) chat(t *testing.T, text string) {
	c := chatter{d.admin, t}
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	for len(lines) > 0 {
		line := lines[0]
		lines = lines[1:]
		var want []string
		for len(lines) > 0 && strings.HasPrefix(lines[0], "    ") {
			want, lines = append(want, strings.TrimPrefix(lines[0], "    ")), lines[1:]
		}
		assert.Equal(t, strings.Join(want, "\n"), c.ask(line), line)
	}
}

// xml sends the documented stanza, which must be addressed to the component.
func (d *docsDeployment) xml(t *testing.T, text string) {
	iq := regexp.MustCompile(`(?s)^<iq type='set' to='([^']*)' id='1'>(.*)</iq>\n$`).FindStringSubmatch(text)
	require.NotNil(t, iq, text)
	require.Equal(t, service.String(), iq[1])
	reply, err := d.admin.Ask(shortContext(t), stanza.SetIQ, service, iq[2])
	require.NoError(t, err)
	assert.Contains(t, reply.String(), "Done")
}

// json reads each line.
func (d *docsDeployment) json(t *testing.T, text string) {
	for line := range strings.Lines(text) {
		assert.True(t, json.Valid([]byte(line)), line)
	}
}

// ruby runs the text with Debian's Ruby, as a Rails application has it.
func (d *docsDeployment) ruby(t *testing.T, text string) {
	needsRuby(t)
	const rails = `
class ApplicationRecord < ActiveRecord::Base
  self.abstract_class = true
end
`
	text = strings.ReplaceAll(text, "Client.control\n", fmt.Sprintf("Client.control(%q)\n", d.program.Control()))
	check := "\nputs Emanagement.client.call(\"checkUserJid\", userJid: \"demo@localhost\").answer.inspect\n"
	c := exec.CommandContext(shortContext(t), debianRuby, "-Iclients/ruby/lib", "-rlogger", "-ractive_record", "-remanagement", "-e", rails+text+check)
	assert.Equal(t, cliResult{"false\n", "", 0}, runCommand(t, c))
}

// isServerConfig reports whether a block belongs into ejabberd.yml.
func isServerConfig(b codeBlock) bool {
	return b.lang == "yaml" && strings.Contains(b.text, "\nlisten:\n")
}

// TestDocsConfigurations starts the program with every configuration of the pages, and
// with the optional lines that are commented out in it.
func TestDocsConfigurations(t *testing.T) {
	t.Parallel()
	s := testserver.AdHocAndHTTP.Run(t, nil)
	optional := regexp.MustCompile(`(?m)^# ([a-z_]+:)`)
	started := 0
	for _, b := range blocksOf(t, "yaml") {
		if isServerConfig(b) {
			continue
		}
		texts := []string{b.text}
		if optional.MatchString(b.text) {
			texts = append(texts, optional.ReplaceAllString(b.text, "$1"))
		}
		for _, text := range texts {
			started++
			t.Run(fmt.Sprintf("%s:%d", filepath.Base(b.page), b.line), func(t *testing.T) { startWith(t, s, text) })
		}
	}
	assert.Greater(t, started, 3)
}

// startWith starts the program with a configuration, until it is ready on every host,
// and stops it. The environment says what differs here.
func startWith(t *testing.T, s *testserver.Server, text string) {
	dir := t.TempDir()
	conf := filepath.Join(dir, "emanagement.yml")
	require.NoError(t, os.WriteFile(conf, []byte(text), 0o644))
	c := exec.CommandContext(shortContext(t), binary, "serve", "--config", conf)
	c.Env = append(os.Environ(),
		"EMANAGEMENT_JID="+testserver.Component, "EMANAGEMENT_SERVER="+s.ComponentAddr(), "EMANAGEMENT_SECRET="+testserver.Secret,
		"EMANAGEMENT_STATE="+filepath.Join(dir, "state"), "EMANAGEMENT_AUDIT="+filepath.Join(dir, "audit.log"),
		"EMANAGEMENT_CONTROL="+filepath.Join(dir, "control.sock"), "EMANAGEMENT_HOSTS="+strings.Join(testserver.Hosts(), ","))
	if strings.Contains(text, "api:") {
		c.Env = append(c.Env, "EMANAGEMENT_API_URL="+s.APIURL())
	}
	c.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	path := filepath.Join(dir, "log")
	log, err := os.Create(path)
	require.NoError(t, err)
	defer log.Close()
	c.Stderr = log
	require.NoError(t, c.Start())
	ready := func() bool {
		text, err := os.ReadFile(path)
		return err == nil && bytes.Count(text, []byte("msg=ready host=")) == len(testserver.Hosts())
	}
	started := assert.Eventually(t, ready, 20*time.Second, 20*time.Millisecond)
	require.NoError(t, c.Process.Signal(syscall.SIGTERM))
	err = c.Wait()
	said := readPage(t, path)
	require.True(t, started, said)
	require.NoError(t, err, said)
}
