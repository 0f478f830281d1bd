// A sealed-bid second-price auction: the business logic of the example, which knows nothing of metrics.

export interface Bid {
  readonly bidder: string;
  /** What the bidder would pay for a thousand impressions. */
  readonly price: number;
}

export interface AuctionRequest {
  readonly floor: number;
  readonly bids: readonly Bid[];
}

export interface Sale {
  readonly winner: string;
  /** The second highest bid, or the floor where there is none above it. */
  readonly price: number;
}

/** The highest bid at or above the floor wins (the first of equals) and pays the second price; undefined: no sale. */
export function decide(request: AuctionRequest): Sale | undefined {
  let best: Bid | undefined;
  let second = request.floor;
  for (const bid of request.bids) {
    if (bid.price < request.floor) continue;
    if (best === undefined || bid.price > best.price) {
      second = best?.price ?? request.floor;
      best = bid;
    } else if (bid.price > second) second = bid.price;
  }
  return best && { winner: best.bidder, price: second };
}

/** Reads an auction request from a body. A text answers what is wrong with it. */
export function parseAuction(body: unknown): AuctionRequest | string {
  if (!isRecord(body)) return "the body must be a JSON object";
  const { floor, bids } = body;
  if (typeof floor !== "number" || !(floor >= 0)) return "floor must be a price";
  if (!Array.isArray(bids)) return "bids must be an array";
  const parsed: Bid[] = [];
  for (const bid of bids) {
    if (!isRecord(bid) || typeof bid.bidder !== "string" || typeof bid.price !== "number") {
      return "a bid must have a bidder and a price";
    }
    parsed.push({ bidder: bid.bidder, price: bid.price });
  }
  return { floor, bids: parsed };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
