/**
 * What applications import: the client, and the contract for handlers of one's own. Nothing behind it reaches a
 * package registry.
 *
 * @module
 */

export * from "./client/mod.ts";
