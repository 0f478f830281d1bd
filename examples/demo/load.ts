// Auctions as a day at an exchange brings them: five bidders, lognormal prices, a floor that some auctions miss.

import type { AuctionRequest } from "../auction/auction.ts";

const BIDDERS = ["acme", "globex", "initech", "umbrella", "stark"];

/** Posts auctions over HTTP from several connections until stopped. */
export class Load {
  readonly #url: string;
  readonly #stop = new AbortController();
  readonly #workers: Promise<void>[];
  #auctions = 0;

  constructor(url: string, options: { readonly connections: number }) {
    this.#url = url;
    this.#workers = Array.from({ length: options.connections }, () => this.#work());
  }

  /** Auctions answered so far. */
  get auctions(): number {
    return this.#auctions;
  }

  /** Resolves once the last auction under way was answered. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.#workers);
  }

  async #work(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      const response = await fetch(`${this.#url}/auction`, { method: "POST", body: JSON.stringify(drawAuction()) });
      await response.body?.cancel();
      if (!response.ok) throw new Error(`the auction service answered ${response.status}`);
      this.#auctions++;
    }
  }
}

function drawAuction(): AuctionRequest {
  const interested = BIDDERS.filter(() => Math.random() < 0.6);
  return { floor: 0.4, bids: interested.map((bidder) => ({ bidder, price: lognormal() })) };
}

/** Median 1, three decades between the cheapest and the dearest of some thousands. */
function lognormal(): number {
  const normal = Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());
  return Math.round(100 * Math.exp(normal)) / 100;
}
