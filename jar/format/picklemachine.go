package format

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// The opcodes of pickles (Lib/pickletools.py in the source of Python). Those for objects outside of the file and for
// extensions are not among them: no cookie needs them.
const (
	opMark, opStop, opPop, opPopMark, opDup = '(', '.', '0', '1', '2'
	opProto, opFrame                        = 0x80, 0x95

	opNone, opTrue, opFalse, opInt, opLong, opFloat         = 'N', 0x88, 0x89, 'I', 'L', 'F'
	opInt4, opInt1, opInt2, opLong1, opLong4, opFloat8      = 'J', 'K', 'M', 0x8a, 0x8b, 'G'
	opString, opString4, opString1, opUnicode               = 'S', 'T', 'U', 'V'
	opUnicode1, opUnicode4, opUnicode8                      = 0x8c, 'X', 0x8d
	opBytes1, opBytes4, opBytes8, opByteArray               = 'C', 'B', 0x8e, 0x96
	opEmptyList, opAppend, opAppends, opList                = ']', 'a', 'e', 'l'
	opEmptyTuple, opTuple, opTuple1, opTuple2, opTuple3     = ')', 't', 0x85, 0x86, 0x87
	opEmptyDict, opSetItem, opSetItems, opDict              = '}', 's', 'u', 'd'
	opEmptySet, opAddItems, opFrozenSet                     = 0x8f, 0x90, 0x91
	opPut, opPut1, opPut4, opMemoize, opGet, opGet1, opGet4 = 'p', 'q', 'r', 0x94, 'g', 'h', 'j'

	opGlobal, opStackGlobal, opReduce, opBuild   = 'c', 0x93, 'R', 'b'
	opInst, opObject, opNewObject, opNewObjectOf = 'i', 'o', 0x81, 0x92
)

// pickleWidths are the bytes of the number behind an opcode, or the values that it takes from the stack.
var pickleWidths = map[byte]int{
	opInt1: 1, opInt2: 2, opLong1: 1, opLong4: 4,
	opString1: 1, opUnicode1: 1, opBytes1: 1, opString4: 4, opUnicode4: 4, opBytes4: 4,
	opUnicode8: 8, opBytes8: 8, opByteArray: 8,
	opPut1: 1, opGet1: 1, opPut4: 4, opGet4: 4,
	opTuple1: 1, opTuple2: 2, opTuple3: 3, opAppend: 1, opSetItem: 2,
	opReduce: 2, opNewObject: 2, opNewObjectOf: 3,
}

var (
	errPickleShort = errors.New("the file ends too early")
	errPickleStack = errors.New("an opcode does not find what it needs")
)

// A pickleMachine reads a pickle: a program for a machine with a stack and a memo. Its calls are noted, and not made.
// It takes time and memory in proportion to the length of the file.
type pickleMachine struct {
	data  []byte
	at    int
	stack []any
	marks []int // heights of the stack
	memo  map[int]any
}

// run returns the value of a pickle. With an error it is a list of what had been made until then.
func (m *pickleMachine) run() (any, error) {
	m.memo = map[int]any{}
	for {
		op, err := m.bytes(1)
		if err == nil && op[0] == opStop {
			var v any
			if v, err = m.pop(); err == nil {
				return v, nil
			}
		}
		if err == nil {
			err = m.step(op[0])
		}
		if err != nil {
			return m.rest(), err
		}
	}
}

// rest is what stands on the stack and may be cookies, without the dict that is being filled.
func (m *pickleMachine) rest() *pickleList {
	list, filling := &pickleList{}, true
	for _, v := range slices.Backward(m.stack) {
		switch v := v.(type) {
		case *pickleList, *pickleObject:
			list.items = append(list.items, v)
		case *pickleDict:
			if _, cookie := v.get("value"); cookie && !filling {
				list.items = append(list.items, v)
			}
			filling = false
		}
	}
	slices.Reverse(list.items)
	return list
}

// bytes consumes n bytes.
func (m *pickleMachine) bytes(n int) ([]byte, error) {
	if n < 0 || n > len(m.data)-m.at {
		return nil, errPickleShort
	}
	m.at += n
	return m.data[m.at-n : m.at], nil
}

// number consumes a number of n bytes, little-endian.
func (m *pickleMachine) number(n int) (int, error) {
	raw, err := m.bytes(n)
	if err != nil {
		return 0, err
	}
	var whole [8]byte
	copy(whole[:], raw)
	v := binary.LittleEndian.Uint64(whole[:])
	if v > math.MaxInt32 && n != 8 || v > math.MaxInt {
		return 0, errPickleShort // no file has as much
	}
	return int(v), nil
}

// sized consumes as many bytes as the number in front of them says.
func (m *pickleMachine) sized(n int) ([]byte, error) {
	size, err := m.number(n)
	if err != nil {
		return nil, err
	}
	return m.bytes(size)
}

// line consumes a line, without its end.
func (m *pickleMachine) line() (string, error) {
	text, _, ok := bytes.Cut(m.data[m.at:], []byte("\n"))
	if !ok {
		return "", errPickleShort
	}
	m.at += len(text) + 1
	return string(text), nil
}

func (m *pickleMachine) push(v any) { m.stack = append(m.stack, v) }

// floor is the height of the stack down to which an opcode may take values.
func (m *pickleMachine) floor() int {
	if len(m.marks) == 0 {
		return 0
	}
	return m.marks[len(m.marks)-1]
}

func (m *pickleMachine) pop() (any, error) {
	list, err := m.popN(1)
	if err != nil {
		return nil, err
	}
	return list[0], nil
}

func (m *pickleMachine) popN(n int) ([]any, error) {
	if len(m.stack)-n < m.floor() {
		return nil, errPickleStack
	}
	list := append([]any(nil), m.stack[len(m.stack)-n:]...)
	m.stack = m.stack[:len(m.stack)-n]
	return list, nil
}

// popMark takes all values from the last mark on.
func (m *pickleMachine) popMark() ([]any, error) {
	if len(m.marks) == 0 {
		return nil, errPickleStack
	}
	list, err := m.popN(len(m.stack) - m.floor())
	m.marks = m.marks[:len(m.marks)-1]
	return list, err
}

func (m *pickleMachine) top() (any, error) {
	if len(m.stack) <= m.floor() {
		return nil, errPickleStack
	}
	return m.stack[len(m.stack)-1], nil
}

// step does what an opcode says.
func (m *pickleMachine) step(op byte) error {
	for _, group := range []func(byte) (bool, error){m.scalar, m.container, m.remember, m.call} {
		if known, err := group(op); known || err != nil {
			return err
		}
	}
	switch op {
	case opMark:
		m.marks = append(m.marks, len(m.stack))
		return nil
	case opPop, opPopMark:
		if op == opPopMark || len(m.marks) > 0 && len(m.stack) == m.floor() {
			_, err := m.popMark()
			return err
		}
		_, err := m.pop()
		return err
	case opDup:
		v, err := m.top()
		m.push(v)
		return err
	case opProto:
		_, err := m.bytes(1)
		return err
	case opFrame:
		_, err := m.bytes(8)
		return err
	}
	return fmt.Errorf("the opcode %#02x is none that cookies need", op)
}

// scalar pushes a value that stands in the file.
func (m *pickleMachine) scalar(op byte) (known bool, err error) {
	var v any
	switch op {
	case opNone:
	case opTrue, opFalse:
		v = op == opTrue
	case opInt, opLong, opFloat:
		v, err = m.decimal(op)
	case opInt1, opInt2:
		var n int
		n, err = m.number(pickleWidths[op])
		v = json.Number(strconv.Itoa(n))
	case opInt4:
		var raw []byte
		raw, err = m.bytes(4)
		v = pickleInt(raw)
	case opLong1, opLong4:
		var raw []byte
		raw, err = m.sized(pickleWidths[op])
		v = pickleInt(raw[:min(len(raw), 32)]) // no time needs more
	case opFloat8:
		var raw []byte
		if raw, err = m.bytes(8); err == nil {
			v = pickleFloat(math.Float64frombits(binary.BigEndian.Uint64(raw)))
		}
	case opString, opUnicode:
		var line string
		if line, err = m.line(); err == nil {
			v, err = pickleText(strings.TrimSuffix(line, "\r"), op == opString)
		}
	case opString1, opUnicode1, opBytes1, opString4, opUnicode4, opBytes4, opUnicode8, opBytes8, opByteArray:
		var raw []byte
		raw, err = m.sized(pickleWidths[op])
		v = string(raw)
	default:
		return false, nil
	}
	if err == nil {
		m.push(v)
	}
	return true, err
}

// decimal reads a number of protocol 0; the words 00 and 01 are truth values.
func (m *pickleMachine) decimal(op byte) (any, error) {
	line, err := m.line()
	if err != nil {
		return nil, err
	}
	line = strings.TrimSpace(line)
	if op == opInt && (line == "00" || line == "01") {
		return line == "01", nil
	}
	n, err := strconv.ParseFloat(strings.TrimSuffix(line, "L"), 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		return nil, errors.New("a number in it is none")
	}
	return pickleFloat(n), nil
}

// container makes lists, dicts and sets, and fills them. A tuple and a set are lists.
func (m *pickleMachine) container(op byte) (known bool, err error) {
	var list []any
	switch op {
	case opEmptyList, opEmptyTuple, opEmptySet:
		m.push(&pickleList{})
	case opEmptyDict:
		m.push(&pickleDict{})
	case opTuple1, opTuple2, opTuple3:
		if list, err = m.popN(pickleWidths[op]); err == nil {
			m.push(&pickleList{list})
		}
	case opList, opTuple, opFrozenSet:
		if list, err = m.popMark(); err == nil {
			m.push(&pickleList{list})
		}
	case opDict:
		if list, err = m.popMark(); err == nil {
			m.push(&pickleDict{})
			err = m.fill(list)
		}
	case opAppend, opSetItem:
		if list, err = m.popN(pickleWidths[op]); err == nil {
			err = m.fill(list)
		}
	case opAppends, opAddItems, opSetItems:
		if list, err = m.popMark(); err == nil {
			err = m.fill(list)
		}
	default:
		return false, nil
	}
	return true, err
}

// fill adds elements to the list or dict on the stack. What an object is filled with, such as a dict of a class of its
// own, is its state.
func (m *pickleMachine) fill(list []any) error {
	top, err := m.top()
	if err != nil {
		return err
	}
	if object, ok := top.(*pickleObject); ok {
		if _, filled := object.state.(*pickleDict); !filled {
			object.state = &pickleDict{}
		}
		top = object.state
	}
	switch to := top.(type) {
	case *pickleList:
		to.items = append(to.items, list...)
		return nil
	case *pickleDict:
		if len(list)%2 != 0 {
			return errPickleStack
		}
		for i := 0; i < len(list); i += 2 {
			to.set(list[i], list[i+1])
		}
		return nil
	}
	return errPickleStack
}

// remember puts the value on the stack into the memo, or takes one from there.
func (m *pickleMachine) remember(op byte) (known bool, err error) {
	var key int
	switch op {
	case opPut, opGet:
		var line string
		if line, err = m.line(); err == nil {
			key, err = strconv.Atoi(line)
		}
	case opMemoize:
		key = len(m.memo)
	case opPut1, opGet1, opPut4, opGet4:
		key, err = m.number(pickleWidths[op])
	default:
		return false, nil
	}
	if err != nil {
		return true, err
	}
	if op != opGet && op != opGet1 && op != opGet4 {
		m.memo[key], err = m.top()
		return true, err
	}
	v, ok := m.memo[key]
	if !ok {
		return true, errPickleStack
	}
	m.push(v)
	return true, nil
}

// call notes calls, and what objects are made of.
func (m *pickleMachine) call(op byte) (known bool, err error) {
	switch op {
	case opGlobal, opInst:
		var module, name string
		if module, err = m.line(); err == nil {
			name, err = m.line()
		}
		if err == nil && op == opInst {
			_, err = m.popMark()
			m.push(&pickleObject{class: module + "." + name})
			return true, err
		}
		m.push(pickleGlobal(module + "." + name))
	case opStackGlobal:
		var names []any
		if names, err = m.popN(2); err == nil {
			m.push(pickleGlobal(fmt.Sprintf("%.60v.%.60v", names[0], names[1])))
		}
	case opReduce, opNewObject, opNewObjectOf:
		var parts []any
		if parts, err = m.popN(pickleWidths[op]); err == nil {
			m.push(made(parts[0], parts[1]))
		}
	case opObject:
		var parts []any
		if parts, err = m.popMark(); err == nil && len(parts) == 0 {
			err = errPickleStack
		}
		if err == nil {
			m.push(made(parts[0], nil))
		}
	case opBuild:
		err = m.build()
	default:
		return false, nil
	}
	return true, err
}

// made is what a call would make. copyreg._reconstructor makes an object of the class that is given to it.
func made(callable, arguments any) *pickleObject {
	class, _ := callable.(pickleGlobal)
	list, _ := arguments.(*pickleList)
	if strings.HasSuffix(string(class), "._reconstructor") && list != nil && len(list.items) > 0 {
		class, _ = list.items[0].(pickleGlobal)
	}
	return &pickleObject{class: string(class)}
}

// build gives an object its state. One in two parts has the attributes in the first one, or the second.
func (m *pickleMachine) build() error {
	state, err := m.pop()
	if err != nil {
		return err
	}
	if parts, ok := state.(*pickleList); ok && len(parts.items) == 2 {
		if state = parts.items[0]; state == nil {
			state = parts.items[1]
		}
	}
	top, err := m.top()
	if object, ok := top.(*pickleObject); ok {
		object.state = state
	}
	return err
}
