package federation.map;

/** A record or union on the way to a field that is needed: which slots note where its fields lie. */
final class Track {
  final Shape shape;
  /** First of the record's slots, one per field and one for its end; unused for unions. */
  final int slot;
  /** Fields or branches to be tracked further; null where a plain walk is enough. */
  final Track[] kids;

  Track(Shape shape, int slot) {
    this.shape = shape;
    this.slot = slot;
    this.kids = new Track[shape.kids.length];
  }
}
