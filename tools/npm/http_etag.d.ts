// The signatures of `@std/http/etag` that are used, for the mirror on npm, which ships none.

export declare function eTag(entity: string, options?: { readonly weak?: boolean }): Promise<string | undefined>;
export declare function ifNoneMatch(value: string | null, etag: string | undefined): boolean;
