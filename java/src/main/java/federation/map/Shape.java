package federation.map;

import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import org.apache.avro.Schema;

/** The physical layout of one writer type: all that is needed to walk its bytes. Recursive types share nodes. */
final class Shape {
  static final int NULL = 0;
  static final int BOOLEAN = 1;
  static final int INT = 2;
  static final int LONG = 3;
  static final int FIXED = 4;
  static final int BYTES = 5;
  static final int STRING = 6;
  static final int ENUM = 7;
  static final int ARRAY = 8;
  static final int MAP = 9;
  static final int UNION = 10;
  static final int RECORD = 11;

  final int kind;
  /** Bytes of a fixed, float or double; symbols of an enum. */
  final int size;
  /** Fields, branches, or the one element type. */
  final Shape[] kids;
  /** Field names of a record. */
  final String[] names;

  private Shape(int kind, int size, int kids) {
    this.kind = kind;
    this.size = size;
    this.kids = new Shape[kids];
    this.names = new String[kind == RECORD ? kids : 0];
  }

  /** Shapes of one writer's schema, each made once. */
  static final class Factory {
    private static final int MAX_NODES = 100_000;
    private final Map<Schema, Shape> known = new IdentityHashMap<>();

    Shape of(Schema schema) throws ContractException {
      Shape shape = known.get(schema);
      if (shape != null) {
        return shape;
      }
      if (known.size() >= MAX_NODES) {
        throw new ContractException(": the writer's schema has more than " + MAX_NODES + " types");
      }
      switch (schema.getType()) {
        case NULL: return leaf(schema, NULL, 0);
        case BOOLEAN: return leaf(schema, BOOLEAN, 0);
        case INT: return leaf(schema, INT, 0);
        case LONG: return leaf(schema, LONG, 0);
        case FLOAT: return leaf(schema, FIXED, 4);
        case DOUBLE: return leaf(schema, FIXED, 8);
        case FIXED: return leaf(schema, FIXED, schema.getFixedSize());
        case BYTES: return leaf(schema, BYTES, 0);
        case STRING: return leaf(schema, STRING, 0);
        case ENUM: return leaf(schema, ENUM, schema.getEnumSymbols().size());
        case ARRAY: return node(schema, ARRAY, List.of(schema.getElementType()));
        case MAP: return node(schema, MAP, List.of(schema.getValueType()));
        case UNION: return node(schema, UNION, schema.getTypes());
        default:
          Shape record = node(schema, RECORD, schema.getFields().stream().map(Schema.Field::schema).toList());
          schema.getFields().forEach(f -> record.names[f.pos()] = f.name());
          return record;
      }
    }

    private Shape leaf(Schema schema, int kind, int size) {
      Shape shape = new Shape(kind, size, 0);
      known.put(schema, shape);
      return shape;
    }

    private Shape node(Schema schema, int kind, List<Schema> kids) throws ContractException {
      Shape shape = new Shape(kind, 0, kids.size());
      known.put(schema, shape);
      for (int i = 0; i < kids.size(); i++) {
        shape.kids[i] = of(kids.get(i));
      }
      return shape;
    }
  }
}
