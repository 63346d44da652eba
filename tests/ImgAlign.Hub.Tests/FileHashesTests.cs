using System.Security.Cryptography;
using System.Text;

namespace ImgAlign.Hub.Tests;

public sealed class FileHashesTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("imgalign-hub-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_hash_is_computed_once_for_a_path_a_size_and_a_time()
    {
        var file = Path.Combine(_folder, "model.bin");
        var time = new DateTime(2026, 1, 2, 3, 4, 5, DateTimeKind.Utc);
        Write("first!");
        Assert.Equal(Hash("first!"), Hashes().Sha256Of(file));
        Write("second");
        Assert.Equal(Hash("first!"), Hashes().Sha256Of(file)); // The same size at the same time: not read again.
        time = time.AddSeconds(1);
        Write("second");
        Assert.Equal(Hash("second"), Hashes().Sha256Of(file));

        void Write(string text)
        {
            File.WriteAllText(file, text);
            File.SetLastWriteTimeUtc(file, time);
        }
    }

    [Fact]
    public void A_blob_has_its_hash_in_its_name_and_is_not_read()
    {
        var name = Hash("what it says");
        Directory.CreateDirectory(Path.Combine(_folder, "blobs"));
        File.WriteAllText(Path.Combine(_folder, "blobs", name), "");
        File.CreateSymbolicLink(Path.Combine(_folder, "model.bin"), Path.Combine("blobs", name));
        Assert.Equal(name, Hashes().Sha256Of(Path.Combine(_folder, "model.bin")));
        Assert.False(Directory.Exists(Path.Combine(_folder, "hashes")));
    }

    private static string Hash(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    private FileHashes Hashes() => new(Path.Combine(_folder, "hashes"));
}
