import de.bwaldvogel.mongo.MongoServer;
import de.bwaldvogel.mongo.MongoVersion;
import de.bwaldvogel.mongo.backend.QueryResult;
import de.bwaldvogel.mongo.backend.h2.H2Backend;
import de.bwaldvogel.mongo.bson.Document;
import de.bwaldvogel.mongo.wire.message.MongoMessage;
import de.bwaldvogel.mongo.wire.message.MongoQuery;
import io.netty.channel.Channel;
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

    /** One command at a time: right after a start, inserts beside other commands were acknowledged and then gone. */
    private static final class Serial extends H2Backend {
        Serial(String file) {
            super(file);
        }

        @Override
        public synchronized Document handleCommand(Channel channel, String database, String command, Document query) {
            return super.handleCommand(channel, database, command, query);
        }

        @Override
        public synchronized QueryResult handleQuery(MongoQuery query) {
            return super.handleQuery(query);
        }

        @Override
        public synchronized Document handleMessage(MongoMessage message) {
            return super.handleMessage(message);
        }
    }

    public static void main(String[] args) throws Exception {
        if (args.length != 3) {
            System.err.println("arguments: data file, bind address, port");
            System.exit(2);
        }
        Path parent = Path.of(args[0]).toAbsolutePath().getParent();
        Files.createDirectories(parent);
        MongoServer server = new MongoServer(new Serial(args[0]).version(VERSION));
        Runtime.getRuntime().addShutdownHook(new Thread(server::shutdownNow));
        server.bind(args[1], Integer.parseInt(args[2]));
        System.out.println("MongoDB stand-in listening on " + args[1] + ":" + args[2]);
        Thread.currentThread().join();
    }

    private Mongo() {}
}
