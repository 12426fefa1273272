import subprocess
import sys
from importlib import resources

from asaql.syntax import build_expressions, build_statements
from asaql.syntax.compile import GRAMMAR, TABLES, compile_grammar
from asaql.syntax.lalr import load_tables


def test_the_tables_in_the_tree_are_those_of_the_grammar():
    folder = resources.files("asaql.grammar")
    grammar = folder.joinpath(GRAMMAR).read_text(encoding="utf-8")
    tables = folder.joinpath(TABLES).read_text(encoding="utf-8")
    assert tables == compile_grammar(grammar), "run python -m asaql.syntax.compile"


def test_every_rule_that_makes_a_node_has_its_function():
    functions = {**vars(build_expressions), **vars(build_statements)}
    makers = {rule.action for rule in load_tables().rules if rule.action and not rule.is_unit}
    assert sorted(name for name in makers if not callable(functions.get(name))) == []


def test_parsing_needs_no_lark():
    code = (
        "import sys, asaql.syntax, asaql.diagnostics as d;"
        "asaql.syntax.parse(d.Source('q', 'SELECT a FROM b'));"
        "sys.exit('lark' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
