using ImgAlign.Hub;

namespace ImgAlign.Hub.Tests;

/// <summary>The child process of <see cref="KilledDownloadTests"/>: downloads what its argument names, with the options of its
/// environment.</summary>
public static class Program
{
    public static async Task<int> Main(string[] args)
    {
        using var client = new HubClient();
        Console.WriteLine("started");
        var snapshot = await client.DownloadAsync(HubReference.Parse(args[0]));
        Console.WriteLine(snapshot.Path);
        return 0;
    }
}
