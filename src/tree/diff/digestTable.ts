/** Digests of one side's nodes, in few bytes each, to be crossed off by those of the other side. */
import { DIGEST_WORDS } from './recordDigest';

const FIRST_SLOTS = 1 << 12;
const MOST_FULL = 0.6;
const FREE = 0;

export class DigestTable {
  private slots = FIRST_SLOTS;
  private words = new Uint32Array(FIRST_SLOTS * DIGEST_WORDS);
  /** The node's place in its side's order, from 1 on. */
  private places = new Uint32Array(FIRST_SLOTS);
  private count = 0;

  get size(): number {
    return this.count;
  }

  /** The next node of the side's order. */
  add(digest: Uint32Array): void {
    if (this.count >= this.slots * MOST_FULL) this.grow();
    this.count += 1;
    this.place(digest, 0, this.count);
  }

  /** The place, from 0 on, of the node with this digest; -1 for none. */
  placeOf(digest: Uint32Array): number {
    for (let slot = digest[0]! & (this.slots - 1); ; slot = (slot + 1) & (this.slots - 1)) {
      const place = this.places[slot]!;
      if (place === FREE) return -1;
      const at = slot * DIGEST_WORDS;
      let word = 0;
      while (word < DIGEST_WORDS && this.words[at + word] === digest[word]) word += 1;
      if (word === DIGEST_WORDS) return place - 1;
    }
  }

  private place(from: Uint32Array, offset: number, place: number): void {
    let slot = from[offset]! & (this.slots - 1);
    while (this.places[slot] !== FREE) slot = (slot + 1) & (this.slots - 1);
    this.places[slot] = place;
    for (let word = 0; word < DIGEST_WORDS; word += 1)
      this.words[slot * DIGEST_WORDS + word] = from[offset + word]!;
  }

  private grow(): void {
    const { words, places } = this;
    this.slots *= 2;
    this.words = new Uint32Array(this.slots * DIGEST_WORDS);
    this.places = new Uint32Array(this.slots);
    for (const [slot, place] of places.entries())
      if (place !== FREE) this.place(words, slot * DIGEST_WORDS, place);
  }
}

/** One bit a node. */
export class Marks {
  private bits = new Uint8Array(1 << 12);

  set(place: number): void {
    const byte = place >> 3;
    if (byte >= this.bits.length) {
      const larger = new Uint8Array(Math.max(byte + 1, this.bits.length * 2));
      larger.set(this.bits);
      this.bits = larger;
    }
    this.bits[byte]! |= 1 << (place & 7);
  }

  has(place: number): boolean {
    return ((this.bits[place >> 3] ?? 0) & (1 << (place & 7))) !== 0;
  }
}
