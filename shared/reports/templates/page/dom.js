"use strict";
// Elements of the page. Text enters the page through here alone, and always as text: nothing here reads markup.

/** An element. `attributes` may have `on`: functions by event. A child is an element, a text, or nothing. */
function el(name, attributes, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes ?? {})) {
    if (key === "on") {
      for (const [event, handler] of Object.entries(value)) element.addEventListener(event, handler);
    } else if (value !== undefined && value !== false) {
      element.setAttribute(key, value === true ? "" : value);
    }
  }
  element.append(...children.flat().filter((child) => child !== undefined && child !== null && child !== "" && child !== false));
  return element;
}

/** A name from elsewhere, which may be written from right to left within our own words. */
function bdi(text) {
  return el("bdi", {}, text ?? "");
}

/** A text in which what stands between backticks is to be typed. */
function withCode(text) {
  return text.split("`").map((part, at) => (at % 2 === 1 ? el("code", {}, part) : part));
}

function byId(id) {
  return document.getElementById(id);
}

/** Values by their key, in the order in which keys come. */
function groupBy(values, keyOf) {
  const groups = new Map();
  for (const value of values) {
    const key = keyOf(value);
    if (!groups.has(key)) groups.set(key, []);
    groups.get(key).push(value);
  }
  return groups;
}

/** `1 row`, `1,204 rows`. */
function count(number, one, many) {
  return `${number.toLocaleString("en")} ${number === 1 ? one : many}`;
}
