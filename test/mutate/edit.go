package main

import (
	"go/ast"
	"go/token"
)

// An edit is another text in the place of a node.
type edit struct {
	node ast.Node
	text string
}

// operators are what stands in the place of an operator.
var operators = map[token.Token][]string{
	token.EQL:  {"!="},
	token.NEQ:  {"=="},
	token.LSS:  {"<=", ">="},
	token.LEQ:  {"<", ">"},
	token.GTR:  {">=", "<="},
	token.GEQ:  {">", "<"},
	token.LAND: {"||"},
	token.LOR:  {"&&"},
	token.ADD:  {"-"},
	token.SUB:  {"+"},
}

// words are what stands in the place of a name.
var words = map[string]string{
	"true": "false", "false": "true",
	"min": "max", "max": "min",
	"later": "earlier", "earlier": "later",
	"Before": "After", "After": "Before",
}

// edits returns what can be changed in a function. Most of it compiles.
func edits(body *ast.BlockStmt, text func(ast.Node) string) (all []edit) {
	add := func(n ast.Node, text string) { all = append(all, edit{n, text}) }
	ast.Inspect(body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.BinaryExpr:
			for _, operator := range operators[n.Op] {
				add(n, text(n.X)+" "+operator+" "+text(n.Y))
			}
			if n.Op == token.LAND || n.Op == token.LOR {
				add(n, text(n.X))
				add(n, text(n.Y))
			}
		case *ast.UnaryExpr:
			if n.Op == token.NOT {
				add(n, text(n.X))
			}
		case *ast.IfStmt: // the operands stay, so that what they use is used
			add(n.Cond, "("+text(n.Cond)+") && false")
			add(n.Cond, "("+text(n.Cond)+") || true")
		case *ast.ExprStmt:
			if _, is := n.X.(*ast.CallExpr); is {
				add(n, "")
			}
		case *ast.AssignStmt:
			if keeps(n) {
				add(n, "_ = "+text(n.Rhs[0]))
			}
		case *ast.IncDecStmt:
			add(n, text(n.X)+map[token.Token]string{token.INC: "--", token.DEC: "++"}[n.Tok])
		case *ast.ReturnStmt:
			if last := len(n.Results) - 1; last >= 0 && text(n.Results[last]) == "err" {
				add(n.Results[last], "nil")
			}
		case *ast.Ident:
			if other := words[n.Name]; other != "" {
				add(n, other)
			}
		}
		return true
	})
	return all
}

// keeps reports whether an assignment changes what outlives the statement's block: a field or an element.
func keeps(n *ast.AssignStmt) bool {
	if n.Tok == token.DEFINE || len(n.Lhs) != 1 || len(n.Rhs) != 1 {
		return false
	}
	switch n.Lhs[0].(type) {
	case *ast.SelectorExpr, *ast.IndexExpr, *ast.StarExpr:
		return true
	}
	return false
}
