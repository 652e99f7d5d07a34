import de.bwaldvogel.mongo.MongoServer;
import de.bwaldvogel.mongo.MongoVersion;
import de.bwaldvogel.mongo.backend.h2.H2Backend;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** A MongoDB stand-in where no mongod can be had: java -cp "DIR:DIR/jars/*" Mongo DATA_FILE ADDRESS PORT. */
public final class Mongo {
    /** The driver refuses servers below wire version 9. */
    private static final MongoVersion VERSION = new MongoVersion() {
        @Override
        public List<Integer> getVersionArray() {
            return List.of(4, 4, 0, 0);
        }

        @Override
        public int getWireVersion() {
            return 9;
        }
    };

    public static void main(String[] args) throws Exception {
        if (args.length != 3) {
            System.err.println("arguments: data file, bind address, port");
            System.exit(2);
        }
        Path parent = Path.of(args[0]).toAbsolutePath().getParent();
        Files.createDirectories(parent);
        MongoServer server = new MongoServer(new H2Backend(args[0]).version(VERSION));
        Runtime.getRuntime().addShutdownHook(new Thread(server::shutdownNow));
        server.bind(args[1], Integer.parseInt(args[2]));
        System.out.println("MongoDB stand-in listening on " + args[1] + ":" + args[2]);
        Thread.currentThread().join();
    }

    private Mongo() {}
}
