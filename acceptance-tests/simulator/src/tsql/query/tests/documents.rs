//! FOR XML and FOR JSON.

use rusqlite::types::Value;

use super::super::super::value::Type;
use super::{Server, number, one, plan_of, run, text};

/// What a statement returns, its pieces put together.
fn document(query: &str) -> String {
    let rows = run(&Server::default(), query).unwrap_or_else(|cause| panic!("{query}: {cause:?}")).rows;
    let pieces = rows.into_iter().map(|row| match row.into_iter().next() {
        Some(Value::Text(piece)) => piece,
        other => panic!("{query} returned {other:?}"),
    });
    pieces.collect()
}

#[test]
fn for_json_nests_by_the_dots_of_names() {
    assert_eq!(
        document("SELECT id AS [a.id], word AS w FROM @t WHERE id > 2 FOR JSON PATH"),
        r#"[{"a":{"id":3},"w":"two"},{"a":{"id":4}}]"#
    );
}

#[test]
fn for_json_makes_a_text_in_subqueries_but_in_its_own() {
    assert_eq!(
        one("SELECT (SELECT b.id FROM @t AS b WHERE b.id < a.id FOR JSON PATH) FROM @t AS a WHERE a.id = 3"),
        text(r#"[{"id":1},{"id":2}]"#)
    );
    assert_eq!(one("SELECT (SELECT id FROM @t WHERE id > 9 FOR JSON PATH)"), Value::Null);
    assert_eq!(
        one(
            "SELECT (SELECT CAST(1 AS float) AS f, CAST(1 AS bit) AS b FOR JSON PATH, WITHOUT_ARRAY_WRAPPER)"
        ),
        text(r#"{"f":1.0,"b":true}"#)
    );
    // An inner one would be a part of the outer one and no text in it.
    assert_eq!(number("SELECT (SELECT 1 AS a FOR JSON PATH) AS b FOR JSON PATH"), 49999);
    assert_eq!(document("SELECT (SELECT '<' FOR XML PATH('')) AS b FOR JSON PATH"), r#"[{"b":"&lt;"}]"#);
}

#[test]
fn an_empty_path_joins_texts_in_their_order() {
    let joined = "(SELECT ',' + word FROM @t ORDER BY id DESC FOR XML PATH(''))";
    assert_eq!(one(&format!("SELECT STUFF({joined}, 1, 1, '')")), text("two,Two,one"));
    assert_eq!(one(&format!("SELECT STUFF({}, 1, 1, '')", joined.replace(" DESC", ""))), text("one,Two,two"));
    assert_eq!(
        one("SELECT (SELECT TOP (2) word + ';' FROM @t ORDER BY id FOR XML PATH(''))"),
        text("one;Two;")
    );
    assert_eq!(one("SELECT (SELECT word FROM @t WHERE id > 9 FOR XML PATH(''))"), Value::Null);
    assert_eq!(one("SELECT (SELECT id AS [data()] FROM @t FOR XML PATH(''))"), text("1 2 3 4"));
    assert_eq!(one("SELECT (SELECT id AS [text()] FROM @t FOR XML PATH(''))"), text("1234"));
    // Of no TYPE, the inner text is text.
    assert_eq!(
        document("SELECT (SELECT 1 AS a FOR XML PATH) AS b FOR XML PATH('')"),
        "<b>&lt;row&gt;&lt;a&gt;1&lt;/a&gt;&lt;/row&gt;</b>"
    );
    assert_eq!(
        run(
            &Server::default(),
            "SELECT a.id, (SELECT ',' + b.word FROM @t AS b WHERE b.id <= a.id FOR XML PATH('')) FROM @t AS a WHERE a.id < 3"
        )
        .unwrap()
        .rows,
        [[Value::Integer(1), text(",one")], [Value::Integer(2), text(",one,Two")]]
    );
}

#[test]
fn such_a_query_is_a_table_of_one_column_without_a_name() {
    assert_eq!(
        one("SELECT q.x FROM (SELECT word + ';' FROM @t FOR XML PATH('')) AS q (x)"),
        text("one;Two;two;")
    );
    assert_eq!(
        one("WITH q (x) AS (SELECT id AS [text()] FROM @t FOR XML PATH('')) SELECT x FROM q"),
        text("1234")
    );
    assert_eq!(
        one("SELECT COUNT(*) FROM (SELECT id FROM @t WHERE id > 9 FOR XML PATH('')) AS q (x)"),
        Value::Integer(1)
    );
    assert_eq!(number("SELECT 1 FROM (SELECT id FROM @t FOR XML PATH('')) AS q"), 8155);
    assert_eq!(number("SELECT (SELECT 1 AS a UNION SELECT 2 FOR XML PATH(''))"), 1086);
    assert_eq!(document("SELECT 1 AS a UNION SELECT 2 ORDER BY a DESC FOR XML PATH('')"), "<a>2</a><a>1</a>");
    let plan = plan_of(&Server::default(), "SELECT (SELECT 1 AS a FOR XML PATH) AS x").unwrap();
    assert_eq!(plan.columns[0].data_type, Type::NVarChar(None));
}

#[test]
fn apply_of_such_a_query_sees_its_neighbours_however_deep() {
    let rows = |query: &str| run(&Server::default(), query).unwrap_or_else(|cause| panic!("{cause:?}")).rows;
    // A row without a match stays, for there is a text of no rows: NULL.
    assert_eq!(
        rows(
            "SELECT a.id, x.l FROM @t AS a CROSS APPLY (SELECT ',' + word FROM @t WHERE id < a.id ORDER BY id FOR XML \
             PATH('')) AS x (l) WHERE a.id < 4 ORDER BY a.id DESC"
        ),
        [
            [Value::Integer(3), text(",one,Two")],
            [Value::Integer(2), text(",one")],
            [Value::Integer(1), Value::Null]
        ]
    );
    assert_eq!(
        rows(
            "SELECT DISTINCT a.id, x.l FROM @t AS a CROSS APPLY (SELECT STUFF(q.y, 1, 1, '') FROM (SELECT ',' + s.z FROM \
             (SELECT (SELECT b.word + CAST(a.id AS varchar(9)) FROM @t AS b WHERE b.id = n.id AND b.id < a.id FOR XML \
             PATH('')) AS z FROM (SELECT DISTINCT (id) FROM @t WHERE id <> a.id) AS n (id)) AS s FOR XML PATH('')) AS q (y)) \
             AS x (l) WHERE a.id IN (1, 3)"
        ),
        [[Value::Integer(1), Value::Null], [Value::Integer(3), text("one3,Two3")]]
    );
    // A derived table of one row is no join either.
    assert_eq!(
        rows(
            "SELECT a.id, x.n FROM @t AS a CROSS APPLY (SELECT q.id AS n FROM (SELECT TOP (1) id FROM @t WHERE id < a.id \
             ORDER BY id DESC) AS q) AS x"
        ),
        [
            [Value::Integer(2), Value::Integer(1)],
            [Value::Integer(3), Value::Integer(2)],
            [Value::Integer(4), Value::Integer(3)]
        ]
    );
    assert_eq!(
        rows(
            "SELECT a.id, x.n FROM @t AS a CROSS APPLY (SELECT q.n + 1 AS n FROM (SELECT COUNT(*) AS n FROM @t WHERE id < \
             a.id) AS q WHERE q.n > 1) AS x"
        ),
        [[Value::Integer(3), Value::Integer(3)], [Value::Integer(4), Value::Integer(4)]]
    );
}

#[test]
fn names_of_columns_say_where_their_values_stand() {
    for (query, expected) in [
        ("SELECT 2 + 2 FOR XML PATH", "<row>4</row>"),
        ("SELECT 1 AS a, 2 AS b FOR XML PATH('x')", "<x><a>1</a><b>2</b></x>"),
        (
            "SELECT id AS [@id], word FROM @t WHERE id > 2 FOR XML PATH('t'), ROOT('l')",
            r#"<l><t id="3"><word>two</word></t><t id="4"/></l>"#,
        ),
        ("SELECT 1 AS a FOR XML PATH, ROOT", "<root><row><a>1</a></row></root>"),
        ("SELECT 1 AS a FOR XML PATH(''), ROOT, ELEMENTS", "<root><a>1</a></root>"),
        (
            "SELECT 1 AS [@i], 2 AS [a/@b], 3 AS [a/c/d], 4 AS [a/c/e], 5 AS [a/*], 6 AS f, 7 AS [a/c] FOR XML PATH",
            r#"<row i="1"><a b="2"><c><d>3</d><e>4</e></c>5</a><f>6</f><a><c>7</c></a></row>"#,
        ),
        // Columns of one name share an element, unless something stands between them.
        ("SELECT 1 AS td, 2 AS td FOR XML PATH('tr')", "<tr><td>12</td></tr>"),
        ("SELECT 1 AS td, '', 2 AS td FOR XML PATH('tr')", "<tr><td>1</td><td>2</td></tr>"),
        ("SELECT 1 AS td, NULL, 2 AS td FOR XML PATH('tr')", "<tr><td>1</td><td>2</td></tr>"),
        ("SELECT 1 AS [a/@b], '', 2 AS [a/@b] FOR XML PATH('')", r#"<a b="1"/><a b="2"/>"#),
        ("SELECT NULL AS [@d], NULL AS a, NULL AS [b/c] FOR XML PATH", "<row/>"),
        ("SELECT '' AS a FOR XML PATH", "<row><a></a></row>"),
        (
            "SELECT 1 AS [data()], 2 AS [data()], 3 AS [text()], 4 AS [data()], 5 AS [b/data()], 6 AS [data()] FOR XML PATH",
            "<row>1 234<b>5</b>6</row>",
        ),
        (
            "SELECT 1 AS [xml:lang], 2 AS [node()], 3 AS [_a-b.c1] FOR XML PATH('')",
            "<xml:lang>1</xml:lang>2<_a-b.c1>3</_a-b.c1>",
        ),
        ("SELECT 1 AS [@a], 2 AS [@a] FOR XML PATH", "!6810"),
        ("SELECT 1 AS a, 2 AS [@b] FOR XML PATH", "!6852"),
        ("SELECT 1 AS [a/b], 2 AS [a/@c] FOR XML PATH", "!6852"),
        ("SELECT 1 AS [@a] FOR XML PATH('')", "!6864"),
        ("SELECT 1 AS a FOR XML PATH, ROOT('')", "!6861"),
        ("SELECT 1 AS [a//b] FOR XML PATH", "!6849"),
        ("SELECT 1 AS [a b] FOR XML PATH", "!6850"),
        ("SELECT 1 AS [1a] FOR XML PATH", "!6850"),
        ("SELECT 1 AS [@*] FOR XML PATH", "!6850"),
        ("SELECT 1 AS [@] FOR XML PATH", "!6850"),
        ("SELECT 1 AS [TEXT()] FOR XML PATH", "!6850"),
        ("SELECT 1 AS a FOR XML PATH('a/b')", "!6850"),
        ("SELECT 1 AS a FOR XML PATH, ROOT('a b')", "!6850"),
        ("SELECT 1 AS [a:b] FOR XML PATH", "!6846"),
        ("SELECT 1 AS [@xmlns] FOR XML PATH", "!6867"),
    ] {
        match expected.strip_prefix('!') {
            Some(refusal) => assert_eq!(number(query).to_string(), refusal, "{query}"),
            None => assert_eq!(document(query), expected, "{query}"),
        }
    }
    let message = |query: &str| run(&Server::default(), query).unwrap_err().message;
    assert_eq!(
        message("SELECT 1 AS [x/y z] FOR XML PATH"),
        "Column name 'x/y z' contains an invalid XML identifier as required by FOR XML; ' '(0x0020) is the first character at fault."
    );
    assert_eq!(
        message("SELECT 1 AS a FOR XML PATH('b:c')"),
        "XML name space prefix 'b' declaration is missing for FOR XML row name 'b:c'."
    );
}

#[test]
fn values_are_written_as_xml_writes_them() {
    for (value, expected) in [
        ("N'<a> & \"b\" ''c'''", "&lt;a&gt; &amp; \"b\" 'c'"),
        ("'a' + CHAR(13) + CHAR(10) + CHAR(9) + CHAR(31)", "a&#x0D;\n\t&#x1F;"),
        ("0x0102FF", "AQL/"),
        ("CAST(7 AS bit)", "1"),
        ("-12", "-12"),
        ("CAST(1.50 AS decimal(9, 3))", "1.500"),
        ("CAST(1.5 AS money)", "1.5000"),
        ("CAST(1.5 AS float)", "1.500000000000000e+000"),
        ("CAST('2026-11-23T15:30:00.125' AS datetime)", "2026-11-23T15:30:00.125"),
        ("CAST('2026-11-23T15:30:00' AS datetime)", "2026-11-23T15:30:00"),
        ("CAST('2026-11-23T15:30:00' AS datetime2(7))", "2026-11-23T15:30:00"),
        ("CAST('2026-11-23T15:30:00.5' AS datetime2(7))", "2026-11-23T15:30:00.5000000"),
        ("CAST('2026-11-23' AS date)", "2026-11-23"),
        ("CAST('15:30:00' AS time(3))", "15:30:00"),
    ] {
        assert_eq!(document(&format!("SELECT {value} FOR XML PATH('')")), expected, "{value}");
    }
    assert_eq!(
        document("SELECT '<a> & \"b\" ''c''' + CHAR(13) + CHAR(10) + CHAR(9) AS [@a] FOR XML PATH"),
        "<row a=\"&lt;a&gt; &amp; &quot;b&quot; 'c'&#x0D;&#x0A;&#x09;\"/>"
    );
}

#[test]
fn a_statement_returns_its_text_in_pieces() {
    let rows = run(&Server::default(), "SELECT REPLICATE('a', 2030) FROM @t WHERE id < 3 FOR XML PATH('x')")
        .unwrap();
    assert_eq!(rows.columns.len(), 1);
    assert_eq!(rows.columns[0].name, "XML_F52E2B61-18A1-11d1-B105-00805F49916B");
    let lengths: Vec<usize> = rows
        .rows
        .iter()
        .map(|row| match &row[0] {
            Value::Text(piece) => piece.len(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(lengths, [2033, 2033, 2 * 2037 - 2 * 2033]);
    for query in [
        "SELECT id FROM @t WHERE id > 9 FOR XML PATH, ROOT('r')",
        "SELECT id FROM @t WHERE id > 9 FOR JSON PATH",
    ] {
        assert!(run(&Server::default(), query).unwrap().rows.is_empty(), "{query}");
    }
    let described = plan_of(&Server::default(), "SELECT 1 AS a FOR JSON PATH").unwrap().columns;
    assert_eq!(described[0].name, "JSON_F52E2B61-18A1-11d1-B105-00805F49916B");
}

#[test]
fn other_forms_are_refused_by_name() {
    for (clause, name) in [
        ("XML RAW", "RAW"),
        ("XML AUTO", "AUTO"),
        ("XML EXPLICIT", "EXPLICIT"),
        ("XML PATH, TYPE", "TYPE"),
        ("XML PATH, BINARY BASE64", "BINARY BASE64"),
        ("XML PATH, ELEMENTS XSINIL", "ELEMENTS XSINIL"),
        ("XML PATH (''), ROOT ('r'), XMLSCHEMA", "XMLSCHEMA"),
        ("JSON AUTO", "FOR JSON"),
        ("JSON PATH, ROOT", "without a root"),
        ("BROWSE", "BROWSE"),
    ] {
        for query in [
            format!("SELECT 1 AS a FOR {clause}"),
            format!("SELECT b FROM (SELECT 1 AS a FOR {clause}) AS q (b)"),
        ] {
            let cause = super::super::super::parser::parse(&query, 16)
                .map(drop)
                .and_then(|()| run(&Server::default(), &query).map(drop))
                .unwrap_err();
            assert_eq!(cause.number, 49999, "{query}: {cause:?}");
            assert!(cause.message.contains(name), "{query}: {}", cause.message);
        }
    }
    assert_eq!(number("SELECT 1 AS [comment()] FOR XML PATH"), 49999);
    assert_eq!(number("SELECT SERVERPROPERTY('EngineEdition') FOR XML PATH"), 49999);
    assert_eq!(number("SELECT (SELECT word FROM @t ORDER BY id)"), 1033);
    // ROOT is no reserved word.
    assert_eq!(one("SELECT x.root FROM (SELECT 1 AS a, 2 AS root) AS x"), Value::Integer(2));
}
