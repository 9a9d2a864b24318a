package testserver

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
)

// Stringprep is the stringprep of a kind of server: the library with which it
// prepares JIDs, in a process of its own. One goroutine uses it at a time.
type Stringprep struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out io.Reader
}

// stringprep answers on its standard output, a packet for a packet: many texts in,
// each with its length in front, and as many out, with the length 65535 for one
// that is refused. The first byte says which profile is meant.
const stringprep = `catch stringprep:load_nif(), catch jid:start(),
Port = open_port({fd, 0, 1}, [binary, {packet, 4}, eof]),
Answer = fun(Answer) ->
  receive
    {Port, {data, <<Profile, Texts/binary>>}} ->
      Prepare = case Profile of $n -> fun jid:nodeprep/1; $d -> fun jid:nameprep/1 end,
      port_command(Port, [case Prepare(T) of error -> <<65535:16>>; P -> [<<(byte_size(P)):16>>, P] end || <<N:16, T:N/binary>> <= Texts]),
      Answer(Answer);
    {Port, eof} -> halt()
  end
end, Answer(Answer).`

// The profiles.
const (
	Nodeprep byte = 'n'
	Nameprep byte = 'd'
)

// Stringprep starts the stringprep of the kind. To be closed.
func (k Kind) Stringprep() (*Stringprep, error) {
	p, err := find(k.version())
	if err != nil {
		return nil, err
	}
	cmd := exec.Command("/usr/bin/erl", "-noshell", "-noinput", "-boot", "start_clean", "-eval", stringprep)
	cmd.Dir = "/"
	cmd.Env = []string{"HOME=/tmp", "PATH=/usr/bin:/bin:/usr/sbin:" + os.Getenv("PATH"), "LANG=C.UTF-8"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: p.root, Credential: p.cred, Pdeathsig: syscall.SIGKILL}
	in, ierr := cmd.StdinPipe()
	out, oerr := cmd.StdoutPipe()
	if err := errors.Join(ierr, oerr); err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("erl: cannot be started: %w", err)
	}
	return &Stringprep{cmd, in, out}, nil
}

// Close ends the process.
func (s *Stringprep) Close() error { return errors.Join(s.in.Close(), s.cmd.Wait()) }

// Prepare prepares texts by a profile. What is refused is nil.
func (s *Stringprep) Prepare(profile byte, texts []string) (prepared []*string, err error) {
	packet := []byte{0, 0, 0, 0, profile}
	for _, t := range texts {
		packet = binary.BigEndian.AppendUint16(packet, uint16(len(t)))
		packet = append(packet, t...)
	}
	binary.BigEndian.PutUint32(packet, uint32(len(packet)-4))
	written := make(chan error, 1)
	go func() { // received below
		_, err := s.in.Write(packet)
		written <- err
	}()
	answer, err := s.packet()
	if err = errors.Join(err, <-written); err != nil {
		return nil, fmt.Errorf("erl: %w", err)
	}
	for len(answer) >= 2 {
		n := int(binary.BigEndian.Uint16(answer))
		answer = answer[2:]
		if n == 65535 {
			prepared = append(prepared, nil)
			continue
		}
		text := string(answer[:n])
		prepared, answer = append(prepared, &text), answer[n:]
	}
	if len(prepared) != len(texts) {
		return nil, fmt.Errorf("erl: %d answers to %d texts", len(prepared), len(texts))
	}
	return prepared, nil
}

func (s *Stringprep) packet() ([]byte, error) {
	var size [4]byte
	if _, err := io.ReadFull(s.out, size[:]); err != nil {
		return nil, err
	}
	packet := make([]byte, binary.BigEndian.Uint32(size[:]))
	_, err := io.ReadFull(s.out, packet)
	return packet, err
}
