package cookies

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// containersFile has the names of a profile's containers, beside its database.
const containersFile = "containers.json"

// A container is one of Firefox, which keeps its cookies apart. Those that Firefox brings have a key of their
// translation in place of a name.
type container struct {
	ID      int    `json:"userContextId"`
	Public  bool   `json:"public"`
	Name    string `json:"name"`
	Key     string `json:"l10nId"`
	KeyOnce string `json:"l10nID"` // until Firefox 117
}

// Container returns the number of the Firefox container of a name, as it stands in containers.json beside a profile's
// file or above the folder of that; case does not count. A number is itself, and "" is outside of all containers.
func Container(file, name string) (int, error) {
	if n, err := strconv.Atoi(name); err == nil && n >= 0 {
		return n, nil
	}
	if name == "" {
		return 0, nil
	}
	list, err := containers(filepath.Dir(file))
	if err != nil {
		return 0, fmt.Errorf("%w: name the container by its number", err)
	}
	var found []string
	id := 0
	var known []string
	for _, c := range list {
		if !c.Public {
			continue // Firefox's own
		}
		known = append(known, fmt.Sprintf("%s (%d)", c.name(), c.ID))
		if strings.EqualFold(c.name(), name) {
			id, found = c.ID, append(found, strconv.Itoa(c.ID))
		}
	}
	switch len(found) {
	case 0:
		return 0, fmt.Errorf("there is no container %q, only: %s", name, strings.Join(known, ", "))
	case 1:
		return id, nil
	}
	return 0, fmt.Errorf("several containers are called %q: say which number, of %s", name, strings.Join(found, ", "))
}

// containers reads the containers of the profile that a folder is, or is in.
func containers(folder string) ([]container, error) {
	text, err := os.ReadFile(filepath.Join(folder, containersFile))
	if os.IsNotExist(err) { // as of sessionstore-backups
		text, err = os.ReadFile(filepath.Join(folder, "..", containersFile))
	}
	if err != nil {
		return nil, err
	}
	var file struct {
		Identities []container `json:"identities"`
	}
	if err := json.Unmarshal(text, &file); err != nil {
		return nil, fmt.Errorf("%s: %w", containersFile, err)
	}
	return file.Identities, nil
}

// name is what Firefox shows in English.
func (c *container) name() string {
	if c.Name != "" {
		return c.Name
	}
	key := strings.TrimPrefix(c.Key, "user-context-")
	if key == "" {
		key = strings.ToLower(strings.TrimSuffix(strings.TrimPrefix(c.KeyOnce, "userContext"), ".label"))
	}
	if key == "" {
		return ""
	}
	return strings.ToUpper(key[:1]) + key[1:]
}
