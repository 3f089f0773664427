// tedious: the course of run.py.
"use strict";

const { Connection, Request, TYPES } = require("tedious");

const ENCRYPT = { off: false, on: true, strict: "strict" };

const plain = (message) => ({
  number: message.number, class: message.class, state: message.state, line: message.lineNumber,
  server: message.serverName, procedure: message.procName, text: message.message,
});

function connect(said, other = {}) {
  const told = { ...said, ...other };
  const connection = new Connection({
    server: told.host,
    authentication: { type: "default", options: { userName: told.user, password: told.password } },
    options: {
      ...(told.instance ? { instanceName: told.instance } : { port: told.port }), database: told.database, encrypt: ENCRYPT[told.mode], serverName: told.certificate_name,
      rowCollectionOnRequestCompletion: true, tdsVersion: "7_4", connectTimeout: 10000, requestTimeout: 10000,
      useUTC: true,
    },
  });
  const errors = [];
  connection.on("errorMessage", (message) => errors.push(plain(message)));
  return new Promise((resolve, reject) => {
    connection.on("connect", (error) => (error ? reject(Object.assign(error, { errors })) : resolve(connection)));
    connection.connect();
  });
}

// Runs a request in its own way: its results, what was said meanwhile, and its error.
function run(connection, request, how) {
  const seen = { sets: [], said: [], errors: [] };
  const info = (message) => seen.said.push(plain(message));
  const failed = (message) => seen.errors.push(plain(message));
  connection.on("infoMessage", info);
  connection.on("errorMessage", failed);
  return new Promise((resolve) => {
    request.on("columnMetadata", () => seen.sets.push([]));
    request.on("row", (row) => seen.sets.at(-1).push(row.map((cell) => cell.value)));
    request.userCallback = (error) => {
      connection.off("infoMessage", info);
      connection.off("errorMessage", failed);
      seen.error = error;
      resolve(seen);
    };
    how(request);
  });
}

const batch = (connection, text) => run(connection, new Request(text), (request) => connection.execSqlBatch(request));

async function failure(connect) {
  try {
    (await connect()).close();
  } catch (error) {
    return error.errors;
  }
  return null;
}

// Every type that the client sends: what went and what came back.
const GUID = "0A0B0C0D-1122-3344-5566-778899AABBCC";
const moment = new Date(Date.UTC(2026, 2, 1, 23, 59, 58, 123));
const PARAMETERS = {
  bit: [TYPES.Bit, true],
  tinyint: [TYPES.TinyInt, 255],
  smallint: [TYPES.SmallInt, -32768],
  int: [TYPES.Int, -2147483648],
  bigint: [TYPES.BigInt, "-9223372036854775808"],
  real: [TYPES.Real, -1.5],
  float: [TYPES.Float, Math.E],
  decimal: [TYPES.Decimal, -12345.678, { precision: 18, scale: 3 }],
  numeric: [TYPES.Numeric, 0.25, { precision: 38, scale: 2 }],
  smallmoney: [TYPES.SmallMoney, -1.25],
  money: [TYPES.Money, 922337203.5],
  date: [TYPES.Date, new Date(Date.UTC(2026, 2, 1))],
  time: [TYPES.Time, new Date(Date.UTC(1970, 0, 1, 23, 59, 58, 123)), { scale: 3 }],
  datetime: [TYPES.DateTime, new Date(Date.UTC(2026, 2, 1, 23, 59, 58, 0))],
  smalldatetime: [TYPES.SmallDateTime, new Date(Date.UTC(2026, 2, 1, 23, 59))],
  datetime2: [TYPES.DateTime2, moment, { scale: 3 }],
  datetimeoffset: [TYPES.DateTimeOffset, moment, { scale: 7 }],
  uniqueidentifier: [TYPES.UniqueIdentifier, GUID],
  char: [TYPES.Char, "abc", { length: 3 }],
  nchar: [TYPES.NChar, "日本", { length: 2 }],
  varchar: [TYPES.VarChar, "é€"],
  "varchar(max)": [TYPES.VarChar, "x".repeat(9000)],
  nvarchar: [TYPES.NVarChar, "a'b 日本 😀"],
  "nvarchar(max)": [TYPES.NVarChar, "é".repeat(5000)],
  binary: [TYPES.Binary, Buffer.from([1, 2, 3]), { length: 3 }],
  varbinary: [TYPES.VarBinary, Buffer.from([0, 255])],
  "varbinary(max)": [TYPES.VarBinary, Buffer.alloc(9000, 7)],
  text: [TYPES.Text, "old"],
  ntext: [TYPES.NText, "älter"],
  image: [TYPES.Image, Buffer.from("bytes")],
  "no value": [TYPES.Int, null],
};

const shown = (value) => {
  if (value instanceof Date) return value.toISOString();
  if (Buffer.isBuffer(value)) return value.toString("hex");
  return value;
};

async function parameters(connection) {
  const came = {};
  for (const [name, [type, value, options]] of Object.entries(PARAMETERS)) {
    const request = new Request("SELECT @p AS p");
    request.addParameter("p", type, value, options);
    const seen = await run(connection, request, () => connection.execSql(request));
    const back = seen.error ? seen.error.message : shown(seen.sets[0]?.[0]?.[0]);
    came[name] = back === shown(value) ? "came back" : `${shown(value)} came back as ${back}`;
  }
  return came;
}

// Prepared once, run twice, and gone.
async function prepared(connection) {
  const request = new Request("SELECT @n + 1 AS n");
  request.addParameter("n", TYPES.Int);
  const done = (how) => run(connection, request, how);
  const failed = await new Promise((resolve) => {
    request.once("prepared", () => resolve(null));
    request.userCallback = resolve;
    connection.prepare(request);
  });
  if (failed) return failed.message;
  const rows = [];
  for (const n of [1, 41]) {
    const seen = await done(() => connection.execute(request, { n }));
    rows.push(seen.error ? seen.error.message : seen.sets[0][0][0]);
  }
  const gone = await done(() => connection.unprepare(request));
  if (gone.error) return gone.error.message;
  const after = await done(() => connection.execute(request, { n: 1 }));
  return { rows, after: after.errors.map((error) => error.number) };
}

const step = (how) => new Promise((resolve) => how((error) => resolve(error ? error.message : null)));

async function transactions(connection) {
  const depth = async () => (await batch(connection, "SELECT @@TRANCOUNT")).sets[0][0][0];
  const seen = [];
  for (const how of [
    (done) => connection.beginTransaction(done),
    (done) => connection.saveTransaction(done, "here"),
    (done) => connection.rollbackTransaction(done, "here"),
    (done) => connection.commitTransaction(done),
    (done) => connection.beginTransaction(done),
    (done) => connection.rollbackTransaction(done),
  ]) {
    const error = await step(how);
    seen.push(error ?? (await depth()));
  }
  return seen;
}

async function cancelled(connection, text) {
  const request = new Request(text);
  const running = run(connection, request, () => {
    connection.execSqlBatch(request);
    setTimeout(() => connection.cancel(), 100);
  });
  const code = (await running).error?.code;
  return [code, (await batch(connection, "SELECT 1")).sets];
}

async function table(connection) {
  const request = new Request("SELECT * FROM @t");
  request.addParameter("t", TYPES.TVP, {
    name: "numbers", schema: "dbo", columns: [{ name: "n", type: TYPES.Int }], rows: [[1]],
  });
  const seen = await run(connection, request, () => connection.execSql(request));
  return seen.errors.map((error) => error.number);
}

async function course(said) {
  const { batches } = said;
  let connection;
  try {
    connection = await connect(said);
  } catch (error) {
    return { refused: error.message };
  }
  const seen = { who: (await batch(connection, batches.who)).sets[0] };
  if (said.whole) {
    seen.sets = (await batch(connection, batches.sets)).sets;
    seen.error = (await batch(connection, batches.error)).errors;
    seen.procedure = (await batch(connection, batches.procedure)).errors;
    seen.unbound = (await batch(connection, batches.unbound)).errors;
    seen.messages = (await batch(connection, batches.messages)).said;
    seen.parameters = await parameters(connection);
    seen.prepared = await prepared(connection);
    seen.transactions = await transactions(connection);
    seen.reset = [await step((done) => connection.reset(done)), (await batch(connection, batches.who)).sets[0]];
    seen.cancelled = await cancelled(connection, batches.wait);
    seen.table = await table(connection);
    seen.wrong = await failure(() => connect(said, { password: "wrong" }));
    seen.nowhere = await failure(() => connect(said, { database: "nowhere" }));
  }
  connection.close();
  return seen;
}

async function main() {
  const { visits, ...said } = JSON.parse(require("node:fs").readFileSync(0, "utf8"));
  for (const visit of visits) {
    console.log(JSON.stringify({ ...visit, seen: await course({ ...said, ...visit }) }));
  }
}

main();
