namespace ImgAlign.HubServer;

/// <summary>
/// Serves the folders FOLDER/owner/name as models, each with one commit, and prints the address of the hub. Ends when its input does.
/// </summary>
internal static class ServerProgram
{
    public static async Task<int> Main(string[] args)
    {
        if (args is not [var folder])
        {
            await Console.Error.WriteLineAsync("usage: ImgAlign.HubServer FOLDER");
            return 2;
        }
        var repositories = Directory.GetDirectories(folder).SelectMany(Directory.GetDirectories).Select(path => Hosted(folder, path));
        await using var server = await LoopbackHub.StartAsync([.. repositories]);
        Console.WriteLine(server.Hub);
        await Console.In.ReadToEndAsync();
        return 0;
    }

    private static HostedRepository Hosted(string folder, string repository)
    {
        var name = Path.GetRelativePath(folder, repository).Replace('\\', '/');
        var files = Directory
            .EnumerateFiles(repository, "*", SearchOption.AllDirectories)
            .Select(path => HostedFileAt(path, Path.GetRelativePath(repository, path).Replace('\\', '/')));
        return new HostedRepository
        {
            Name = name,
            Commit = HostedFile.Small(name, name).Oid,
            Files = [.. files],
        };
    }

    private static HostedFile HostedFileAt(string path, string name) =>
        Path.GetExtension(path) is ".json" or ".txt" or ".md"
            ? HostedFile.Small(name, File.ReadAllText(path))
            : HostedFile.Large(name, File.ReadAllBytes(path));
}
