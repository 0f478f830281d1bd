// The signatures of `@std/http/negotiation`, for the mirror on npm, which ships none.

type WithHeaders = Pick<Request, "headers">;

export declare function accepts(request: WithHeaders): string[];
export declare function accepts(request: WithHeaders, ...types: string[]): string | undefined;
export declare function acceptsEncodings(request: WithHeaders): string[];
export declare function acceptsEncodings(request: WithHeaders, ...encodings: string[]): string | undefined;
export declare function acceptsLanguages(request: WithHeaders): string[];
export declare function acceptsLanguages(request: WithHeaders, ...langs: string[]): string | undefined;
