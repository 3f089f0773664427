//! FOR XML in statements that write, and in the scripts of tools.

use super::{Server, all, errors, said};

/// How Management Studio asks for read-only routing lists: sets in parentheses, by priority.
const ROUTING: &str = "
CREATE TABLE #list (replica_id uniqueidentifier, read_only_routing_list nvarchar(max));
INSERT INTO #list
SELECT DISTINCT ars.replica_id, a.delimited
FROM #ar AS ars
CROSS APPLY
( SELECT STUFF(final_list.read_only_routing_list, 1, 1, '') FROM (
    SELECT CASE WHEN CHARINDEX(',', STUFF(priority_grouped_list.priority_group, 1, 1, '')) = 0
                THEN priority_grouped_list.priority_group
           ELSE ',(' + STUFF(priority_grouped_list.priority_group, 1, 1, '') + ')' END
    FROM (
      SELECT (SELECT ',N''' + ars2.replica_server_name + '''' FROM #rr AS rrlists
              INNER JOIN #ar AS ars2 ON ars2.replica_id = rrlists.read_only_replica_id
              WHERE rrlists.routing_priority = prioritylist.routing_priority AND rrlists.replica_id = ars.replica_id
              FOR XML PATH('')) AS priority_group
      FROM (SELECT DISTINCT (routing_priority) FROM #rr WHERE replica_id = ars.replica_id)
           AS prioritylist (routing_priority)) priority_grouped_list
    FOR XML PATH('')) AS final_list (read_only_routing_list)) AS a (delimited);
SELECT ars.replica_server_name, l.read_only_routing_list FROM #list AS l
JOIN #ar AS ars ON ars.replica_id = l.replica_id ORDER BY 1;
DROP TABLE #list, #ar, #rr";

#[tokio::test]
async fn the_routing_lists_of_management_studio() {
    let (_server, mut session) = Server::usual().await;
    let id = |digit: u8| format!("'{digit}0000000-0000-0000-0000-000000000000'");
    let replicas = [(1, "SQL1"), (2, "SQL2"), (3, "SQL3"), (4, "A&B")];
    let replicas: Vec<String> =
        replicas.iter().map(|(digit, name)| format!("({}, N'{name}')", id(*digit))).collect();
    let lists = [(1, 1, 3), (1, 2, 2), (1, 2, 4), (2, 1, 1), (2, 1, 3), (3, 1, 1), (3, 2, 2)];
    let lists: Vec<String> =
        lists.iter().map(|(of, priority, to)| format!("({}, {priority}, {})", id(*of), id(*to))).collect();
    let tables = format!(
        "CREATE TABLE #ar (replica_id uniqueidentifier, replica_server_name nvarchar(256)); \
         CREATE TABLE #rr (replica_id uniqueidentifier, routing_priority int, read_only_replica_id uniqueidentifier); \
         INSERT #ar VALUES {}; INSERT #rr VALUES {};",
        replicas.join(", "),
        lists.join(", ")
    );
    // Each level escapes what the one inside it wrote.
    assert_eq!(
        said(&mut session, &(tables + ROUTING)).await,
        "A&B NULL SQL1 N'SQL3',(N'SQL2',N'A&amp;amp;B') SQL2 (N'SQL1',N'SQL3') SQL3 N'SQL1',N'SQL2'"
    );
    let catalog = "SELECT * INTO #ar FROM master.sys.availability_replicas; SELECT replica_id, \
                   read_only_replica_id, routing_priority INTO #rr FROM sys.availability_read_only_routing_lists;"
        .to_owned()
        + ROUTING;
    let others = "AG_Sales NULL AG_Sales_MI NULL ";
    assert_eq!(said(&mut session, &catalog).await, format!("{others}SQL1 NULL"));
    let modify = "ALTER AVAILABILITY GROUP AG_Sales MODIFY REPLICA ON N'SQL1' WITH";
    let list = format!(
        "{modify} (SECONDARY_ROLE (READ_ONLY_ROUTING_URL = N'TCP://sql1.corp.example:1433')); \
         {modify} (PRIMARY_ROLE (READ_ONLY_ROUTING_LIST = (N'SQL1')))"
    );
    assert_eq!(said(&mut session, &list).await, "");
    assert_eq!(said(&mut session, &catalog).await, format!("{others}SQL1 N'SQL1'"));
}

#[tokio::test]
async fn a_select_that_writes_has_no_for_clause() {
    all(&[
        ("CREATE TABLE #t (a nvarchar(max))", ""),
        ("INSERT #t SELECT 1 AS a FOR XML PATH", "!6819"),
        ("INSERT #t SELECT 1 AS a FOR JSON PATH", "!13602"),
        ("SELECT 1 AS a INTO #u FOR XML PATH", "!6819"),
        ("SELECT 1 AS a INTO #u FOR JSON PATH", "!13602"),
        ("DECLARE @a nvarchar(max); SELECT @a = 1 FOR XML PATH", "!6819"),
        ("DECLARE @a nvarchar(max); SELECT @a = 1 FOR JSON PATH", "!6819"),
        // Its subqueries may.
        ("INSERT #t SELECT (SELECT 1 AS a FOR XML PATH); SELECT a FROM #t", "<row><a>1</a></row>"),
        ("DECLARE @a nvarchar(max) = (SELECT 2 AS a FOR JSON PATH); SET @a += (SELECT 3 FOR XML PATH('')); SELECT @a", r#"[{"a":2}]3"#),
        ("SELECT q.a INTO #u FROM (SELECT 4 FOR XML PATH('')) AS q (a); SELECT a FROM #u", "4"),
    ])
    .await;
    let (_server, mut session) = Server::usual().await;
    let texts = errors(&mut session, "SELECT 1 AS a INTO #u FOR XML PATH").await;
    assert_eq!(texts, ["The FOR XML clause is not allowed in a SELECT INTO statement."]);
}
