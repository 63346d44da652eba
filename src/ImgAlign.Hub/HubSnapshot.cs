namespace ImgAlign.Hub;

/// <summary>Files of a repository at one commit, in the cache.</summary>
/// <param name="Reference">What was asked for.</param>
/// <param name="Commit">The commit that it is.</param>
/// <param name="Folder">The folder with the repository's files, in their folders.</param>
public sealed record HubSnapshot(HubReference Reference, string Commit, string Folder)
{
    /// <summary>Where what was asked for lies: the one file, or <see cref="Folder"/>.</summary>
    public string Path =>
        Reference.Path is { } file ? System.IO.Path.Combine(Folder, file.Replace('/', System.IO.Path.DirectorySeparatorChar)) : Folder;
}
