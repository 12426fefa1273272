// Makes the global object the one that scripts of the dialect see: atob and btoa are there, what only the embedding
// brought is not, and two built-ins that can end the process refuse to.

(function () {
  const global = globalThis;
  const { defineProperty } = Object;
  const { apply } = Reflect;
  const { charCodeAt, indexOf } = String.prototype;
  const { fromCharCode } = String;
  const NativeError = Error;
  const NativeRangeError = RangeError;

  // Beyond this V8 ends the process instead of running out of memory.
  const MOST_ELEMENTS = 2 ** 25;

  const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

  function btoa(value) {
    const text = `${value}`;
    let encoded = "";
    for (let i = 0; i < text.length; i += 3) {
      let bits = 0;
      for (let j = i; j < i + 3; j++) {
        const code = j < text.length ? apply(charCodeAt, text, [j]) : 0;
        if (code > 255) throw new NativeError("btoa takes characters up to U+00FF only");
        bits = (bits << 8) | code;
      }
      encoded += LETTERS[bits >> 18] + LETTERS[(bits >> 12) & 63];
      encoded += i + 1 < text.length ? LETTERS[(bits >> 6) & 63] : "=";
      encoded += i + 2 < text.length ? LETTERS[bits & 63] : "=";
    }
    return encoded;
  }

  function atob(value) {
    const text = `${value}`.replace(/[\t\n\f\r ]/g, "");
    const digits = text.length % 4 === 0 ? text.replace(/={1,2}$/, "") : text;
    let decoded = "";
    let bits = 0, count = 0;
    for (let i = 0; i < digits.length; i++) {
      const digit = apply(indexOf, LETTERS, [digits[i]]);
      if (digit < 0) count = NaN;
      bits = ((bits << 6) | digit) & 0xffffff;
      count += 6;
      if (count >= 8) {
        count -= 8;
        decoded += fromCharCode((bits >> count) & 255);
      }
    }
    if (digits.length % 4 === 1 || count !== count) throw new NativeError("atob takes base64 text only");
    return decoded;
  }

  function hide(object, name, value) {
    defineProperty(object, name, { value, configurable: true, enumerable: false, writable: true });
  }

  function limitElements(prototype, name) {
    const native = prototype[name];
    hide(prototype, name, {
      [name](...parts) {
        if (this != null && this.length > MOST_ELEMENTS) throw new NativeRangeError("Invalid array length");
        return apply(native, this, parts);
      },
    }[name]);
  }

  limitElements(Array.prototype, "fill");
  limitElements(String.prototype, "split");
  for (const name of ["setTimeout", "clearTimeout", "__timer_manager", "WebAssembly", "SharedArrayBuffer", "Atomics"]) {
    delete global[name];
    if (name in global) global[name] = undefined;
  }
  hide(global, "atob", atob);
  hide(global, "btoa", btoa);
})
