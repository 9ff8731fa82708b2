package sarif_test

import (
	"bytes"
	"encoding/json"
	"os"
	"testing"

	"coatcheck.dev/internal/sarif"
)

func Example() {
	rules := []sarif.Rule{{ID: "session-secure", Short: "A session cookie lacks Secure.", Level: "error"}}
	_ = sarif.Write(os.Stdout, rules, nil)
	// Output:
	// {
	//   "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
	//   "version": "2.1.0",
	//   "runs": [
	//     {
	//       "tool": {
	//         "driver": {
	//           "name": "coatcheck",
	//           "rules": [
	//             {
	//               "id": "session-secure",
	//               "shortDescription": {
	//                 "text": "A session cookie lacks Secure."
	//               },
	//               "fullDescription": {
	//                 "text": ""
	//               },
	//               "defaultConfiguration": {
	//                 "level": "error"
	//               }
	//             }
	//           ]
	//         }
	//       },
	//       "results": []
	//     }
	//   ]
	// }
}

// A result points to its rule and its line.
func TestResultPoints(t *testing.T) {
	var out bytes.Buffer
	err := sarif.Write(&out, []sarif.Rule{{ID: "a"}, {ID: "b"}},
		[]sarif.Result{{Rule: "b", URI: "https://shop.example/a.js", Line: 7, Column: 2}, {Rule: "a"}})
	var got struct {
		Runs []struct {
			Results []struct {
				RuleIndex int
				Locations []struct {
					PhysicalLocation struct {
						Region *struct{ StartLine, StartColumn int }
					}
				}
			}
		}
	}
	if err != nil || json.Unmarshal(out.Bytes(), &got) != nil {
		t.Fatalf("%v\n%s", err, &out)
	}
	results := got.Runs[0].Results
	r := results[0].Locations[0].PhysicalLocation.Region
	if results[0].RuleIndex != 1 || r == nil || r.StartLine != 7 || r.StartColumn != 2 {
		t.Errorf("%s", &out)
	}
	if results[1].RuleIndex != 0 || results[1].Locations[0].PhysicalLocation.Region != nil {
		t.Errorf("%s", &out)
	}
}
