// Calls a script's function for a whole batch of rows.
//
// A request is the JSON text [operation, script, height, codes, columns]; the answer is [kinds, flags, results, console]
// or [failure, console]. Both are exact but for values that JSON has not; those are written in the way `encode` tells.
//
// Everything the loops need is taken from the global object before a script can change it.

(function (mostBufferBytes) {
  const global = globalThis;
  const { parse, stringify } = JSON;
  const { isArray } = Array;
  const { isInteger, isSafeInteger, MAX_SAFE_INTEGER } = Number;
  const { create, defineProperty, getPrototypeOf, keys } = Object;
  const { apply, construct } = Reflect;
  const { slice } = String.prototype;
  const { getTime } = Date.prototype;
  const { fill } = Array.prototype;
  const objectPrototype = Object.prototype;
  const NativeArray = Array;
  const NativeDate = Date;
  const NativeError = Error;
  const NativeFunction = Function;
  const NativeRangeError = RangeError;
  const NativeString = String;
  const boxes = [Number, String, Boolean];
  const refused = [
    [Error, "an Error object"],
    [Promise, "a Promise"],
    [RegExp, "a regular expression"],
    [Map, "a Map"],
    [Set, "a Set"],
    [WeakMap, "a WeakMap"],
    [WeakSet, "a WeakSet"],
    [ArrayBuffer, "an ArrayBuffer"],
    [getPrototypeOf(Uint8Array), "a typed array"],
    [DataView, "a DataView"],
  ];

  // Kinds of results, a set of bits.
  const WHOLE = 1, FRACTION = 2, TEXT = 4, BOOLEAN = 8, DATE = 16, RECORD = 32, ARRAY = 64;
  // What JSON text cannot carry as it is, a set of bits.
  const IS_ENCODED = 1, HAS_BIG = 2, HAS_BOOLEAN = 4;
  // How a column of arguments is written.
  const IS_DATE = 1, HAS_ENCODED = 2, IS_CONSTANT = 4;

  const FIRST_INSTANT = -62135596800000, LAST_INSTANT = 253402300799999;
  const DEEPEST = 200;
  const LONGEST_TEXT = 2000;

  const scripts = [];
  let said = [];
  let stopped = null;
  let kinds = 0;
  let flags = 0;
  let row = 0;
  let bufferBytes = 0;

  class Unsupported {
    constructor(what) {
      this.what = what;
    }
  }

  // Results ------------------------------------------------------------------------------------------------------

  function note(value) {
    if (stopped !== null) throw stopped;
    switch (typeof value) {
      case "number":
        if (isSafeInteger(value)) kinds |= WHOLE;
        else noteNumber(value);
        return value;
      case "string":
        kinds |= TEXT;
        return value;
      case "undefined":
        return null;
      case "boolean":
        kinds |= BOOLEAN;
        return value;
      case "object":
        if (value === null) return null;
        if (isArray(value)) {
          kinds |= ARRAY;
          inspectArray(value, 1);
          return value;
        }
        return noteObject(value);
      default:
        throw unsupported(value);
    }
  }

  function noteNumber(value) {
    if (isInteger(value)) {
      kinds |= -(2 ** 63) <= value && value < 2 ** 63 ? WHOLE : FRACTION;
      flags |= HAS_BIG;
    } else if (value - value === 0) {
      kinds |= FRACTION;
    }
  }

  function noteObject(value) {
    if (value instanceof NativeDate) {
      kinds |= DATE;
      instantOf(value);
      return value;
    }
    for (const box of boxes) {
      if (value instanceof box) return note(value.valueOf());
    }
    kinds |= RECORD;
    inspectObject(value, 1);
    return value;
  }

  function instantOf(date) {
    const time = apply(getTime, date, []);
    if (FIRST_INSTANT <= time && time <= LAST_INSTANT) return time;
    throw new Unsupported(time === time ? "a Date outside the years 1 to 9999" : "an invalid Date");
  }

  function unsupported(value) {
    const article = typeof value === "bigint" ? "a BigInt" : `a ${typeof value}`;
    return new Unsupported(article);
  }

  function inspect(value, depth) {
    switch (typeof value) {
      case "number":
        if (value > MAX_SAFE_INTEGER || value < -MAX_SAFE_INTEGER) flags |= HAS_BIG;
        return;
      case "string":
        return;
      case "boolean":
        flags |= HAS_BOOLEAN;
        return;
      case "undefined":
        flags |= IS_ENCODED;
        return;
      case "object":
        if (value === null) return;
        if (depth > DEEPEST) throw new Unsupported("a value that contains itself or is nested too deeply");
        if (isArray(value)) inspectArray(value, depth + 1);
        else inspectObject(value, depth + 1);
        return;
      default:
        throw unsupported(value);
    }
  }

  function inspectArray(values, depth) {
    for (let i = 0; i < values.length; i++) inspect(values[i], depth);
  }

  function inspectObject(value, depth) {
    const prototype = getPrototypeOf(value);
    if (prototype !== objectPrototype && prototype !== null) {
      flags |= IS_ENCODED;
      if (value instanceof NativeDate) {
        instantOf(value);
        return;
      }
      for (const box of boxes) {
        if (value instanceof box) {
          inspect(value.valueOf(), depth);
          return;
        }
      }
      for (const [type, what] of refused) {
        if (value instanceof type) throw new Unsupported(what);
      }
    }
    const names = keys(value);
    for (let i = 0; i < names.length; i++) inspect(value[names[i]], depth);
  }

  // A Date is written {"$": milliseconds}; a record whose only field is "$" is written {"$": [value]}.
  function encode(value) {
    if (typeof value === "undefined") return null;
    if (typeof value !== "object" || value === null) return value;
    if (isArray(value)) {
      const copy = new NativeArray(value.length);
      for (let i = 0; i < value.length; i++) copy[i] = encode(value[i]);
      return copy;
    }
    if (value instanceof NativeDate) return { $: instantOf(value) };
    for (const box of boxes) {
      if (value instanceof box) return value.valueOf();
    }
    const copy = create(null);
    const names = keys(value);
    for (let i = 0; i < names.length; i++) copy[names[i]] = encode(value[names[i]]);
    if (names.length === 1 && names[0] === "$") copy.$ = [copy.$];
    return copy;
  }

  function decode(value) {
    if (typeof value !== "object" || value === null) return value;
    if (isArray(value)) {
      for (let i = 0; i < value.length; i++) value[i] = decode(value[i]);
      return value;
    }
    const names = keys(value);
    if (names.length === 1 && names[0] === "$") {
      if (typeof value.$ === "number") return new NativeDate(value.$);
      value.$ = decode(value.$[0]);
      return value;
    }
    for (const name of names) {
      defineProperty(value, name, {
        value: decode(value[name]), configurable: true, enumerable: true, writable: true,
      });
    }
    return value;
  }

  // Requests -----------------------------------------------------------------------------------------------------

  function decodeColumn(values, code, height) {
    if (code & HAS_ENCODED) decode(values);
    if (code & IS_CONSTANT) values = apply(fill, new NativeArray(height), [values[0]]);
    if (code & IS_DATE) {
      for (let i = 0; i < values.length; i++) {
        if (values[i] !== null) values[i] = new NativeDate(values[i]);
      }
    }
    return values;
  }

  // One loop for each script keeps V8's inline caches to one function.
  function makeLoop(arity) {
    const names = [], cells = [];
    for (let i = 0; i < arity; i++) {
      names[i] = `c${i}`;
      cells[i] = `c${i}[i]`;
    }
    return NativeFunction("call", "note", "at", "height", "results", "columns", `
      const [${names}] = columns;
      for (let i = 0; i < height; i++) {
        at(i);
        results[i] = note(call(${cells}));
      }`);
  }

  function at(index) {
    row = index;
  }

  function callRows(script, height, columns) {
    const arity = columns.length;
    const loop = (script.loops[arity] ??= makeLoop(arity));
    const results = new NativeArray(height);
    loop(script.body, note, at, height, results, columns);
    return results;
  }

  // columns: the number of rows of each group, the argument of each row, its event time.
  function aggregateGroups(script, height, [sizes, values, times]) {
    const results = new NativeArray(height);
    let next = 0;
    for (let group = 0; group < height; group++) {
      row = next;
      const instance = new script.body();
      for (const method of ["accumulate", "computeResult"]) {
        if (typeof instance[method] !== "function") throw new MissingMethod(method);
      }
      if (typeof instance.init === "function") instance.init();
      for (const end = next + sizes[group]; next < end; next++) {
        row = next;
        instance.accumulate(values[next], times[next]);
        if (stopped !== null) throw stopped;
      }
      results[group] = note(instance.computeResult());
    }
    return results;
  }

  class MissingMethod {
    constructor(method) {
      this.method = method;
    }
  }

  function answer(text) {
    const [operation, number, height, codes, columns] = parse(text);
    kinds = flags = row = bufferBytes = 0;
    stopped = null;
    const script = scripts[number];
    for (let i = 0; i < columns.length; i++) columns[i] = decodeColumn(columns[i], codes[i], height);
    const results = (operation === "call" ? callRows : aggregateGroups)(script, height, columns);
    if (kinds === DATE) {
      for (let i = 0; i < height; i++) results[i] = results[i] === null ? null : instantOf(results[i]);
      return results;
    }
    if (kinds & DATE) flags |= IS_ENCODED;
    return flags & IS_ENCODED ? encode(results) : results;
  }

  function run() {
    said = [];
    let reply;
    try {
      const results = answer(driver.request);
      reply = [kinds, flags, results, said];
    } catch (error) {
      reply = [failureOf(error), said];
    }
    return stringify(reply);
  }

  // Failures -----------------------------------------------------------------------------------------------------

  function failureOf(error) {
    if (bufferBytes > mostBufferBytes) return { row, limit: true };
    if (stopped !== null) return { row, said: stopped.text, stack: stopped.stack };
    if (error instanceof Unsupported) return { row, unsupported: error.what };
    if (error instanceof MissingMethod) return { row, method: error.method };
    try {
      if (error instanceof NativeError) return { row, message: `${error}`, stack: `${error.stack}` };
      return { row, message: thrownText(error) };
    } catch {
      return { row, message: "an object that cannot be shown" };
    }
  }

  function thrownText(value) {
    const text = textOf(value);
    return text.length > LONGEST_TEXT ? `${apply(slice, text, [0, LONGEST_TEXT])}...` : text;
  }

  function textOf(value) {
    if (typeof value === "string") return value;
    if (typeof value === "object" && value !== null && !(value instanceof NativeError)) {
      try {
        return stringify(value) ?? `${value}`;
      } catch {
        return "[object]";
      }
    }
    return NativeString(value);
  }

  // The console --------------------------------------------------------------------------------------------------

  function say(level) {
    return (...parts) => {
      said[said.length] = [level, lineOf(parts)];
    };
  }

  function lineOf(parts) {
    let line = "";
    for (let i = 0; i < parts.length; i++) line += (i === 0 ? "" : " ") + textOf(parts[i]);
    return line;
  }

  // A script cannot go on after this, not even by catching the exception.
  function stop(...parts) {
    const text = lineOf(parts);
    said[said.length] = ["error", text];
    const error = new NativeError(text);
    stopped ??= { text: thrownText(text), stack: `${error.stack}` };
    throw error;
  }

  // Loading ------------------------------------------------------------------------------------------------------

  // Made by the Function constructor, so that no name in a script meets one of ours.
  const compileOnly = NativeFunction("source", "eval(source)");
  let candidates = {};

  // Compiles the request, which begins with `throw null`: that is thrown, or a SyntaxError with its place.
  function check() {
    compileOnly(driver.request);
  }

  // Runs a script, which gives its functions by name; returns their names and what was said.
  function load(script) {
    said = [];
    stopped = null;
    candidates = script();
    for (const name of keys(candidates)) {
      if (typeof candidates[name] !== "function") delete candidates[name];
    }
    return stringify([keys(candidates), said]);
  }

  function choose(name) {
    return scripts.push({ body: candidates[name], loops: [] }) - 1;
  }

  // Limits -------------------------------------------------------------------------------------------------------

  function hide(object, name, value) {
    defineProperty(object, name, { value, configurable: true, enumerable: false, writable: true });
  }

  // The heap's limit does not count what buffers hold.
  function limitBuffers(native) {
    const limited = new Proxy(native, {
      construct(target, parts, newTarget) {
        const made = construct(target, parts, newTarget);
        if (made.buffer === undefined || made.buffer !== parts[0]) bufferBytes += made.byteLength;
        if (bufferBytes > mostBufferBytes) throw new NativeRangeError("Array buffer allocation failed");
        return made;
      },
    });
    hide(native.prototype, "constructor", limited);
    hide(global, native.name, limited);
  }

  limitBuffers(ArrayBuffer);
  for (const name of ["resize", "transfer", "transferToFixedLength"]) delete ArrayBuffer.prototype[name];
  for (const name of Object.getOwnPropertyNames(global)) {
    if (typeof global[name] === "function" && getPrototypeOf(global[name]) === getPrototypeOf(Uint8Array)) {
      limitBuffers(global[name]);
    }
  }
  hide(global, "console", { info: say("info"), warn: say("warn"), error: stop, log: stop });

  const driver = { request: "", run, replay: () => void answer(driver.request), check, load, choose };
  defineProperty(global, "__asaql__", { value: driver });
  return driver;
})
