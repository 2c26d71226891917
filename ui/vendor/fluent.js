// What the page uses of Fluent.

export { FluentBundle, FluentResource } from "@fluent/bundle";
