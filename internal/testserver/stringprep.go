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

// Stringprep is a process with the stringprep library of an ejabberd, which
// prepares JIDs. It must not be used concurrently.
type Stringprep struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out io.Reader
}

// stringprepProgram answers each packet on its standard input with one on its
// standard output. A packet holds texts, each after its length in two bytes. A
// request begins with a byte for the profile. In an answer, the length 65535
// stands for a refused text.
const stringprepProgram = `catch stringprep:load_nif(), catch jid:start(),
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

// The profiles of stringprep: RFC 3920 appendix A, and RFC 3491.
const (
	Nodeprep byte = 'n'
	Nameprep byte = 'd'
)

// Stringprep starts the stringprep of the kind's ejabberd. The caller must
// close it. The error is ErrMissing if there is no such ejabberd.
func (k Kind) Stringprep() (*Stringprep, error) {
	p, err := findEjabberd(k.version())
	if err != nil {
		return nil, err
	}
	cmd := exec.Command("/usr/bin/erl", "-noshell", "-noinput", "-boot", "start_clean", "-eval", stringprepProgram)
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

// Close ends the process and waits for its end.
func (s *Stringprep) Close() error { return errors.Join(s.in.Close(), s.cmd.Wait()) }

// Prepare prepares texts by a profile. The results have the order of the texts;
// a refused text is nil.
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
